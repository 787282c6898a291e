/** Times as they stand in replies: the text that `Date` gives, whatever was asked for before. */
import { describe, expect, it } from 'vitest';
import { isoTime, timeMs } from './iso-time.js';

describe('isoTime', () => {
  it('is the text of Date for every time', () => {
    const start = Date.parse('2026-11-30T23:59:58.990Z');
    const around = Array.from({ length: 300 }, (_, at) => start + at * 7);
    const far = Array.from({ length: 300 }, (_, at) => start + (at - 150) * 40_000_000_123);
    for (const at of [...around, ...far, ...around, 0, -1, 999, -1_000, 8.64e15, -8.64e15, 1.5]) {
      expect(isoTime(at)).toBe(new Date(at).toISOString());
      expect(timeMs(isoTime(at))).toBe(Math.floor(at));
    }
  });

  it('throws where there is no such time', () => {
    for (const at of [Number.NaN, Number.POSITIVE_INFINITY, 8.64e15 + 1_000]) {
      expect(() => isoTime(at)).toThrow(RangeError);
    }
  });
});
