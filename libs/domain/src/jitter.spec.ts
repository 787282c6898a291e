/** Waiting times stay within their bounds and use all of them. */
import { describe, expect, it } from 'vitest';
import { anySeed, Seeded } from './contracts/seeded.js';
import { fullJitterMs, jittered } from './jitter.js';
import { Random } from './ports/random.js';

const bounds = { minMs: 500, maxMs: 30_000 };

describe('full jitter', () => {
  it.each([
    [0, 250, 500],
    [1, 250, 1_000],
    [2, 250, 2_000],
    [6, 250, 30_000],
    [10_000, 250, 30_000],
  ])('at attempt %i is from %i to %i ms', (attempt, least, most) => {
    expect(fullJitterMs(new Always(0), attempt, bounds)).toBe(least);
    expect(fullJitterMs(new Always(1), attempt, bounds)).toBe(most);
    expect(fullJitterMs(new Always(0.5), attempt, bounds)).toBe((least + most) / 2);
  });

  it('is never above the most, even where the least is', () => {
    for (const chance of [0, 0.5, 1]) {
      expect(fullJitterMs(new Always(chance), 3, { minMs: 1_000, maxMs: 300 })).toBe(300);
    }
  });

  const seed = anySeed();
  it(`spreads those who start together (seed ${seed})`, () => {
    const random = new Seeded(seed);
    const waits = Array.from({ length: 1_000 }, () => fullJitterMs(random, 4, bounds));
    const halves = waits.filter((ms) => ms < (250 + 8_000) / 2).length;
    expect(halves).toBeGreaterThan(350);
    expect(halves).toBeLessThan(650);
  });
});

describe('a jittered interval', () => {
  it('is shortened by up to its share and never lengthened', () => {
    expect(jittered(new Always(0), 15_000)).toBe(15_000);
    expect(jittered(new Always(1), 15_000)).toBeCloseTo(10_500);
    expect(jittered(new Always(1), 1_000, 0.1)).toBeCloseTo(900);
  });
});

class Always extends Random {
  constructor(private readonly chance: number) {
    super();
  }

  override next(): number {
    return this.chance;
  }

  override bytes(count: number): Uint8Array {
    return new Uint8Array(count);
  }
}
