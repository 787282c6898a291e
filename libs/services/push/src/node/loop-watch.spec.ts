// Whether a node knows that its event loop comes too late, and that it does no longer.
import type { Timer } from '@carillon/domain/ports';
import { FakeClock } from '@carillon/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LoopWatch } from './loop-watch.js';

const lookEveryMs = 100;

/** Its timers come late, as they do where something else holds the loop. */
class LateClock extends FakeClock {
  lateMs = 0;

  override after(ms: number, task: () => void): Timer {
    return super.after(ms + this.lateMs, task);
  }
}

let clock: LateClock;
let watch: LoopWatch;

beforeEach(() => {
  clock = new LateClock();
  watch = new LoopWatch(clock);
});

afterEach(() => watch.stop());

/** Starts with a timer that is as late as this, and lets it come. */
async function startLate(lateMs: number): Promise<void> {
  clock.lateMs = lateMs;
  watch.start();
  clock.lateMs = 0;
  await clock.advance(lookEveryMs + lateMs);
}

describe('a node', () => {
  it('is not busy before it has looked, nor while its timer comes in time', async () => {
    expect(watch.isBusy).toBe(false);
    watch.start();
    for (let looks = 0; looks < 10; looks++) {
      await clock.advance(lookEveryMs);
      expect(watch.isBusy).toBe(false);
    }
  });

  it.each([
    [250, false],
    [251, true],
    [5_000, true],
  ])('whose timer comes %i ms late is busy: %s', async (lateMs, isBusy) => {
    await startLate(lateMs);
    expect(watch.isBusy).toBe(isBusy);
  });

  it('is busy no longer once its timer has come in time again, and not sooner', async () => {
    await startLate(400);
    await clock.advance(lookEveryMs - 1);
    expect(watch.isBusy).toBe(true);
    await clock.advance(1);
    expect(watch.isBusy).toBe(false);
  });

  it('that is a little late each time does not add it up', async () => {
    clock.lateMs = 200;
    watch.start();
    for (let looks = 0; looks < 10; looks++) {
      await clock.advance(lookEveryMs + 200);
      expect(watch.isBusy).toBe(false);
    }
  });

  it('stays busy while its timer comes late again and again', async () => {
    await startLate(400);
    clock.lateMs = 300;
    await clock.advance(lookEveryMs); // in time, and the next one will not be
    for (let looks = 0; looks < 3; looks++) {
      await clock.advance(lookEveryMs + 300);
      expect(watch.isBusy).toBe(true);
    }
  });

  it('looks no more once it is stopped', async () => {
    await startLate(400);
    watch.stop();
    await clock.advance(1_000);
    expect(watch.isBusy).toBe(true);
  });
});
