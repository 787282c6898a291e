// Tables of figures.
import { describe, expect, it } from 'vitest';
import { figure, markdownTable } from './table.ts';

describe('tables', () => {
  it('aligns figures to the right and keeps a bar or a line break from breaking a row', () => {
    expect(markdownTable({ caption: 'Costs:', head: ['a', 'b'], rows: [['x | y', '1\n2']] })).toBe(
      ['Costs:', '', '| a | b |', '| --- | ---: |', '| x \\| y | 1 2 |'].join('\n'),
    );
  });

  it('shows as many digits as are worth reading', () => {
    expect([0, 0.456, 4.567, 45.67, 456.7, 45_678, -4.567].map(figure)).toEqual([
      '0.00',
      '0.46',
      '4.57',
      '45.7',
      '457',
      '45,678',
      '-4.57',
    ]);
  });

  it('says that there is no figure', () => {
    expect(figure(Number.NaN)).toBe('–');
  });
});
