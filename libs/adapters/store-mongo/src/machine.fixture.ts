/**
 * The machine's own time and chance, for specs that work on a real server. Must never be used outside specs.
 */
import { Clock, Random, type Timer } from '@carillon/domain/ports';

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
