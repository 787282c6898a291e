// Plots as SVG.
import { describe, expect, it } from 'vitest';
import { svg } from './plot.ts';

const numbers = (text: string, attribute: string) =>
  [...text.matchAll(new RegExp(` ${attribute}="([^"]+)"`, 'g'))].map(([, value]) => Number(value));

describe('plots', () => {
  it('draws bars as long as their values are to each other', () => {
    const drawn = svg({
      kind: 'bars',
      name: 'costs',
      title: 'Costs',
      bars: [
        { label: 'one', value: 10, best: 8 },
        { label: 'other', value: 5, best: 5 },
      ],
    });
    const [first = 0, second = 0] = [...drawn.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, w]) =>
      Number(w),
    );
    expect(first / second).toBeCloseTo(2);
  });

  it('puts equal factors at equal distances on a logarithmic axis', () => {
    const points = [100, 1_000, 10_000].map((x) => ({ x, y: 1 }));
    const drawn = svg({
      kind: 'lines',
      name: 'growth',
      title: 'Growth',
      xTitle: 'connections',
      isLogX: true,
      lines: [{ label: 'ours', points }],
    });
    const [first = 0, second = 0, third = 0] = numbers(drawn, 'cx');
    expect(third - second).toBeCloseTo(second - first);
    expect(drawn).toContain('10,000');
  });

  it('takes labels as text, never as markup', () => {
    const drawn = svg({
      kind: 'bars',
      name: 'a',
      title: '<script>',
      bars: [{ label: 'a & b', value: 1, best: 1 }],
    });
    expect(drawn).not.toContain('<script>');
    expect(drawn).toContain('a &amp; b');
  });

  it('draws lines whose values are all nothing without a figure that is no number', () => {
    const drawn = svg({
      kind: 'lines',
      name: 'a',
      title: 'a',
      xTitle: 'x',
      isLogX: false,
      lines: [{ label: 'flat', points: [{ x: 1, y: 0 }] }],
    });
    expect(drawn).not.toContain('NaN');
    expect(drawn).not.toContain('Infinity');
  });
});
