/** Runs seeds on threads, one seed per thread at a time. Must never leave a thread behind. */
import { Worker } from 'node:worker_threads';
import type { RunResult } from './run/run.ts';
import type { Order } from './worker.ts';

export const threads = 2;
/** A seed takes a fraction of a second; one that takes this long is stuck in a circle of promises. */
const stuckMs = 60_000;

export class Pool {
  #workers: Worker[] = [];

  /**
   * Runs the orders in turn until they end or `onResult` answers false; what is under way then is still
   * awaited, but not told.
   */
  async run(orders: Iterator<Order>, onResult: (result: RunResult) => boolean): Promise<void> {
    while (this.#workers.length < threads) this.#workers.push(newWorker());
    let isOver = false;
    const work = async (at: number) => {
      while (!isOver) {
        const next = orders.next();
        if (next.done) return;
        const result = await this.#ask(at, next.value);
        if (!isOver && !onResult(result)) isOver = true;
      }
    };
    await Promise.all(Array.from({ length: threads }, (_, at) => work(at)));
  }

  /** One seed, with its history. */
  async one(file: string, seed: number): Promise<RunResult> {
    let found: RunResult | undefined;
    const orders = [{ file, seed, isHistoryWanted: true }][Symbol.iterator]();
    await this.run(orders, (result) => {
      found = result;
      return true;
    });
    return found as RunResult;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
    this.#workers = [];
  }

  #ask(at: number, order: Order): Promise<RunResult> {
    return new Promise((resolve, reject) => {
      const worker = this.#workers[at] as Worker;
      const end = (settle: () => void) => {
        clearTimeout(timer);
        worker.off('message', onMessage);
        worker.off('error', onError);
        settle();
      };
      const onMessage = (result: RunResult) => end(() => resolve(result));
      const onError = (error: Error) => end(() => reject(error));
      const timer = setTimeout(() => {
        void worker.terminate();
        this.#workers[at] = newWorker();
        end(() => resolve(stuck(order.seed)));
      }, stuckMs);
      worker.on('message', onMessage);
      worker.on('error', onError);
      worker.postMessage(order);
    });
  }
}

function newWorker(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url));
}

function stuck(seed: number): RunResult {
  const violations = [{ rule: 'stuck', text: `seed ${seed} did not end in ${stuckMs} ms`, at: 0 }];
  return { seed, violations, history: '', hash: '', posted: 0, accepted: 0, frames: 0, events: 0 };
}
