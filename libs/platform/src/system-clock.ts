/** The machine's time, corrected against the store's. The only place from which services get it. */
import { Clock, type Timer } from '@carillon/domain/ports';

/** A longer timer would fire at once (Node). */
const timerMaxMs = 2_147_483_647;

export class SystemClock extends Clock {
  #offsetMs = 0;

  override now(): number {
    // Whole milliseconds: what is stamped with it travels as integers.
    return Date.now() + Math.round(this.#offsetMs);
  }

  override monotonic(): number {
    return performance.now();
  }

  override after(ms: number, task: () => void): Timer {
    let timer: NodeJS.Timeout;
    const dueAt = this.monotonic() + ms;
    const arm = (waitMs: number) => {
      timer = setTimeout(run, Math.min(Math.max(Math.ceil(waitMs), 0), timerMaxMs));
      timer.unref();
    };
    const run = () => {
      const leftMs = dueAt - this.monotonic();
      if (leftMs > 0) arm(leftMs);
      else task();
    };
    arm(ms);
    return { cancel: () => clearTimeout(timer) };
  }

  override nextTurn(task: () => void): void {
    setImmediate(task);
  }

  /** From now on `now()` is the machine's time plus this. */
  correct(offsetMs: number): void {
    this.#offsetMs = offsetMs;
  }

  get offsetMs(): number {
    return this.#offsetMs;
  }
}
