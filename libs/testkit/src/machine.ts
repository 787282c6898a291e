/** The machine's own time and chance, for specs on real servers. Never where a seed is to replay a run. */
import { Clock, Random, type Timer } from '@carillon/domain/ports';

/** Its timers keep no process alive. */
export class MachineClock extends Clock {
  override now(): number {
    return Date.now();
  }

  override monotonic(): number {
    return performance.now();
  }

  override after(ms: number, task: () => void): Timer {
    const timer = setTimeout(task, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  }

  override nextTurn(task: () => void): void {
    setImmediate(task);
  }
}

export class MachineRandom extends Random {
  override next(): number {
    return Math.random();
  }

  override bytes(count: number): Uint8Array {
    return crypto.getRandomValues(new Uint8Array(count));
  }
}
