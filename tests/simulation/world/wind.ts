/** The world's own time as a Clock, for what stands between the processes and never pauses. */
import { Clock, type Timer } from '@carillon/domain/ports';
import type { World } from './world.js';

export class Wind extends Clock {
  readonly #world: World;

  constructor(world: World) {
    super();
    this.#world = world;
  }

  override now(): number {
    return Math.round(this.#world.startMs + this.#world.time);
  }

  override monotonic(): number {
    return this.#world.time;
  }

  override after(ms: number, task: () => void): Timer {
    return this.#world.after(ms, task);
  }

  override nextTurn(task: () => void): void {
    this.#world.after(0, task);
  }
}
