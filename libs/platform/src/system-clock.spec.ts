/** Proves the machine's clock and chance. The only spec here that waits, and for milliseconds. */
import { describe, expect, it, vi } from 'vitest';
import { SystemClock } from './system-clock.js';
import { SystemRandom } from './system-random.js';

describe('SystemClock', () => {
  it('runs a task not before its time, and not at all when cancelled', async () => {
    const clock = new SystemClock();
    const startedAt = clock.monotonic();
    let isCancelledRun = false;
    clock
      .after(1, () => {
        isCancelledRun = true;
      })
      .cancel();
    await new Promise<void>((resolve) => clock.after(20, resolve));
    expect(clock.monotonic() - startedAt).toBeGreaterThanOrEqual(20);
    expect(isCancelledRun).toBe(false);
  });

  it('runs a task that is due in more than 24.8 days then, not at once', async () => {
    const day = 86_400_000;
    vi.useFakeTimers();
    try {
      let isRun = false;
      new SystemClock().after(30 * day, () => {
        isRun = true;
      });
      await vi.advanceTimersByTimeAsync(30 * day - 1);
      expect(isRun).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect(isRun).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it('tells whole milliseconds, whatever it is corrected by', () => {
    const clock = new SystemClock();
    for (const offsetMs of [0.4, -1_234.567, 1e-9]) {
      clock.correct(offsetMs);
      expect(Number.isInteger(clock.now())).toBe(true);
    }
  });

  it('shifts the time of day by the correction, durations not', () => {
    const clock = new SystemClock();
    const before = clock.monotonic();
    clock.correct(3_600_000);
    expect(clock.now() - Date.now()).toBeGreaterThan(3_599_000);
    expect(clock.monotonic() - before).toBeLessThan(1_000);
  });
});

describe('SystemRandom', () => {
  it('gives the bytes asked for, and not the same twice', () => {
    const random = new SystemRandom();
    const [one, other] = [random.bytes(32), random.bytes(32)];
    expect([one.length, other.length]).toEqual([32, 32]);
    expect(Buffer.from(one).equals(other)).toBe(false);
    expect(random.next()).toBeLessThan(1);
  });

  it('gives no byte out twice, however often it is asked for a few', () => {
    const random = new SystemRandom();
    const given = Array.from({ length: 2_000 }, (_, at) => random.bytes(8 + (at % 16)));
    expect(new Set(given.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(2_000);
    for (const [at, bytes] of given.entries()) bytes.fill(at % 256);
    expect(given.every((bytes, at) => bytes.every((byte) => byte === at % 256))).toBe(true);
  });
});
