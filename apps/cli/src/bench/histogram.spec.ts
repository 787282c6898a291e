/** Percentiles that are never better than what was measured. */
import { describe, expect, it } from 'vitest';
import { seededChance } from './chance.js';
import { Histogram } from './histogram.js';

describe('a histogram', () => {
  const seed = 7;
  const chance = seededChance(seed);
  const values = Array.from({ length: 5_000 }, () => 0.01 * 10 ** (6 * chance()));
  const sorted = values.toSorted((one, other) => one - other);

  it.each([0, 0.5, 0.9, 0.99, 0.999, 1])(
    `says of %d at least the exact value and at most 1.6 %% more (seed ${seed})`,
    (share) => {
      const histogram = filled(values);
      const exact = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
      expect(histogram.percentileMs(share)).toBeGreaterThanOrEqual(exact - 0.0005);
      expect(histogram.percentileMs(share)).toBeLessThanOrEqual(exact * 1.016 + 0.001);
    },
  );

  it('knows count, mean and the longest exactly', () => {
    const histogram = filled([1, 2, 3, 10]);
    expect([histogram.count, histogram.meanMs, histogram.maxMs]).toEqual([4, 4, 10]);
    expect(histogram.percentileMs(1)).toBe(10);
  });

  it('is the same whether one thread has measured or several', () => {
    const whole = filled(values);
    const parts = [filled(values.slice(0, 1_700)), filled(values.slice(1_700))];
    const merged = new Histogram();
    for (const part of parts) merged.merge(structuredClone(part.parts()));
    expect(merged.slices()).toEqual(whole.slices());
    expect([merged.count, merged.maxMs]).toEqual([whole.count, whole.maxMs]);
    expect(merged.meanMs).toBeCloseTo(whole.meanMs);
  });

  it('has few buckets whatever comes', () => {
    const histogram = filled([0, -1, Number.MAX_SAFE_INTEGER, ...values]);
    expect(histogram.slices().length).toBeLessThan(2_200);
    expect(histogram.maxMs).toBe(3_600_000);
  });

  it('says 0 where nothing was measured', () => {
    const histogram = new Histogram();
    expect([histogram.percentileMs(0.99), histogram.meanMs, histogram.maxMs]).toEqual([0, 0, 0]);
    expect(histogram.slices()).toEqual([]);
  });
});

function filled(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.add(value);
  return histogram;
}
