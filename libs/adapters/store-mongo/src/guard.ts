/**
 * Every call to the driver goes through here: it gets a deadline, its errors become port errors, and closing
 * waits for it. Must never let a driver's error out.
 */
import { type Clock, PortUnavailable } from '@carillon/domain/ports';
import type { mongo } from 'mongoose';
import { portError } from './driver-errors.js';

export class Guard {
  /** For plain commands. */
  readonly db: mongo.Db;
  readonly #clock: Clock;
  readonly #callMs: number;
  readonly #running = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(db: mongo.Db, clock: Clock, callMs: number) {
    this.db = db;
    this.#clock = clock;
    this.#callMs = callMs;
  }

  /**
   * The call's own result. @throws PortUnavailable for a driver's error, after the deadline, and once closed.
   */
  async call<R>(ask: () => Promise<R>): Promise<R> {
    if (this.#isClosed) throw new PortUnavailable('the store is closed');
    const running = this.#bounded(ask());
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      throw portError(error);
    } finally {
      this.#running.delete(running);
    }
  }

  /** Refuses further calls and resolves when the running ones have ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#running);
  }

  #bounded<R>(answer: Promise<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(this.#callMs, () =>
        reject(new PortUnavailable(`MongoDB did not answer in ${this.#callMs} ms`)),
      );
      const end = (settle: () => void) => {
        timer.cancel();
        settle();
      };
      answer.then(
        (value) => end(() => resolve(value)),
        (error: Error) => end(() => reject(error)),
      );
    });
  }
}
