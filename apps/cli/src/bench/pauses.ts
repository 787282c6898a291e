/** Waiting that ends early when the run is stopped. Must never throw for it. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves after the time, or as soon as the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return;
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    // Aborted, which is the only way it can fail.
  }
}

/** Resolves when `isDone` says so, the time is over, or the signal aborts; true for the first. */
export async function patience(isDone: () => boolean, maxMs: number, signal: AbortSignal): Promise<boolean> {
  const endMs = performance.now() + maxMs;
  while (!isDone() && performance.now() < endMs && !signal.aborted) await pause(lookEveryMs, signal);
  return isDone();
}

const lookEveryMs = 20;
