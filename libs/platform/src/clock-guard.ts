/**
 * Keeps a process's time near the store's.
 * Beyond the bound the process is not ready; durations are not concerned.
 */
import { parameters } from '@carillon/domain';
import { PortError, repeat, type StoreFacts, type Timer } from '@carillon/domain/ports';
import type { Logger } from 'pino';
import type { Health } from './health.js';
import type { SystemClock } from './system-clock.js';

export interface ClockGuardParts {
  readonly clock: SystemClock;
  readonly facts: StoreFacts;
  readonly health: Health;
  readonly log: Logger;
  readonly skewMaxMs?: number;
}

const measureEveryMs = 10_000;
/** A measurement whose question took longer says too little. */
const answerMaxMs = 1_000;

/**
 * Measures every 10 s and corrects the clock by what it finds. Rejects only if the very first measurement
 * cannot be made. @throws PortUnavailable
 */
export async function watchClock(parts: ClockGuardParts): Promise<Timer> {
  const { clock, health, log, skewMaxMs = parameters.clockSkewMaxMs } = parts;
  let skewMs = await measure(parts);
  health.addCheck('clock', async () => {
    if (Math.abs(skewMs) > skewMaxMs)
      throw new Error(`the clock is ${Math.round(skewMs)} ms from the store's`);
  });
  const observe = async () => {
    try {
      skewMs = await measure(parts);
      if (Math.abs(skewMs) > skewMaxMs)
        log.warn({ skewMs: Math.round(skewMs) }, 'clock differs from the store');
    } catch (error) {
      // While the store is away the last measurement stands; the store's own check says that it is away.
      if (!(error instanceof PortError)) log.error({ err: error }, 'clock not measured');
    }
  };
  return repeat(clock, () => measureEveryMs, observe);
}

/** How far the machine's own clock is from the store's; corrects by it when the answer came soon enough. */
async function measure({ clock, facts }: ClockGuardParts): Promise<number> {
  const askedAt = clock.monotonic();
  const storeNow = await facts.now();
  const answerMs = clock.monotonic() - askedAt;
  const machineNow = clock.now() - clock.offsetMs;
  const skewMs = storeNow + answerMs / 2 - machineNow;
  const isCertain = answerMs <= answerMaxMs;
  // Less than the measurement's own doubt is noise, and a clock that jumps for nothing helps nobody.
  if (isCertain && Math.abs(skewMs - clock.offsetMs) > Math.max(answerMs, 2)) clock.correct(skewMs);
  return isCertain ? skewMs : clock.offsetMs;
}
