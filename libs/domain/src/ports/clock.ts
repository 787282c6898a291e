/** Time, so that one seed replays a run. Nothing in services and domain may ask the machine itself. */

/** A task that has not run yet. Cancelling twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void;
}

export abstract class Clock {
  /** Whole epoch milliseconds, corrected against the store's clock. May jump. */
  abstract now(): number;
  /** Milliseconds since some start, never backwards. All durations are measured with it. */
  abstract monotonic(): number;
  /** Runs the task once, not before `ms` have passed. Does not keep the process alive. */
  abstract after(ms: number, task: () => void): Timer;
  /** Runs the task in a later turn of the event loop, after input that is already there. */
  abstract nextTurn(task: () => void): void;
}

/** Whether `Clock.now()` may be believed when it decides what expires. */
export abstract class ClockTrust {
  /**
   * False while the clock is further from the store's than the bound, or has jumped since it was measured:
   * then nothing may be stamped or called expired by it. Cheap; ask at every use.
   */
  abstract readonly isTrusted: boolean;
}

/** Resolves after `ms`. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

/**
 * Runs the task, waits for it to end, then for `ms()`, and again, until cancelled. The task must not reject.
 */
export function repeat(clock: Clock, ms: () => number, task: () => Promise<void> | void): Timer {
  let timer: Timer | undefined;
  let isCancelled = false;
  const next = () => {
    if (!isCancelled) timer = clock.after(ms(), run);
  };
  const run = () => {
    void Promise.resolve(task()).finally(next);
  };
  next();
  return {
    cancel() {
      isCancelled = true;
      timer?.cancel();
    },
  };
}
