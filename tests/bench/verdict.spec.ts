// When a figure fails the bench.
import { describe, expect, it } from 'vitest';
import { type Budget, verdictOn } from './verdict.ts';

const budget = (figure: number, kind: Budget['kind'], atMost = 2): Budget => ({
  what: 'a figure',
  figure,
  unit: '',
  atMost,
  kind,
});

describe('verdicts', () => {
  it('keeps a figure at its budget', () => {
    expect(verdictOn(budget(2, 'ratio'))).toBe('kept');
  });

  it('tolerates a ratio and a size up to 15 % above, and no further', () => {
    expect(verdictOn(budget(2.29, 'ratio'))).toBe('within tolerance');
    expect(verdictOn(budget(2.31, 'ratio'))).toBe('over');
    expect(verdictOn(budget(2.31, 'size'))).toBe('over');
  });

  it('tolerates nothing above a promise', () => {
    expect(verdictOn(budget(0, 'promise', 0))).toBe('kept');
    expect(verdictOn(budget(1, 'promise', 0))).toBe('over');
    expect(verdictOn(budget(2.01, 'promise'))).toBe('over');
  });

  it('shows a time that is over without judging it', () => {
    expect(verdictOn(budget(20, 'time'))).toBe('over, not judged');
  });

  it('lets no figure through that is no number', () => {
    expect(verdictOn(budget(Number.NaN, 'ratio'))).toBe('over');
  });
});
