// The figures that are made of rounds.
import { describe, expect, it } from 'vitest';
import { least, median, medianRatio, trend } from './statistics.ts';

describe('statistics', () => {
  it('takes the middle of an odd number of rounds and the mean of the middle two of an even one', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 7])).toBe(6);
  });

  it('does not reorder what it is given', () => {
    const rounds = [3, 1, 2];
    median(rounds);
    expect(rounds).toEqual([3, 1, 2]);
  });

  it('has no median and no least of nothing', () => {
    expect(() => median([])).toThrow(RangeError);
    expect(() => least([])).toThrow(RangeError);
  });

  it('takes ratios round by round, so that a machine that slows down for both changes nothing', () => {
    expect(medianRatio([20, 40, 200], [10, 20, 100])).toBe(2);
    expect(median([20, 40, 200]) / median([10, 20, 100])).toBe(2);
    expect(medianRatio([20, 60, 20], [10, 30, 20])).toBe(2);
  });

  it('refuses ratios of rounds that do not belong together', () => {
    expect(() => medianRatio([1, 2], [1])).toThrow(RangeError);
  });

  it('finds the slope of a line through noise that cancels out', () => {
    const points = [0, 1, 2, 3].map((x) => ({ x, y: 100 + 2 * x + (x === 0 || x === 3 ? 1 : -1) }));
    expect(trend(points)).toBeCloseTo(2);
    expect(trend(points.map(({ x }) => ({ x, y: 7 })))).toBe(0);
  });

  it('refuses a line through one point, or through points above each other', () => {
    expect(() => trend([{ x: 1, y: 1 }])).toThrow(RangeError);
    expect(() =>
      trend([
        { x: 1, y: 1 },
        { x: 1, y: 2 },
      ]),
    ).toThrow(RangeError);
  });
});
