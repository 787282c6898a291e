/**
 * A process of the simulation: all that comes in and goes out passes here, so it can stand still or die at
 * any call or timer. What a dead process still computes reaches nobody.
 */
import { Clock, type Random, type Timer } from '@carillon/domain/ports';
import type { World } from './world.js';

export type Life = 'running' | 'paused' | 'dead';

/** What happens at a later step of a process. */
export interface Trap {
  /** Steps until then. */
  left: number;
  readonly what: 'crash' | 'pause';
  readonly ms: number;
  /** Whether the call at which it dies still leaves. */
  readonly isSent: boolean;
}

export class Process {
  life: Life = 'running';
  trap: Trap | undefined;
  readonly clock: ProcessClock;
  readonly random: Random;
  /** Told once. */
  readonly onDeath: (() => void)[] = [];
  #held: (() => void)[] = [];

  constructor(
    readonly world: World,
    readonly name: string,
  ) {
    this.clock = new ProcessClock(world, this);
    this.random = world.chance(`process ${name}`);
  }

  /** Something comes in: an answer, a message, a timer. */
  enter(task: () => void): void {
    if (this.life === 'dead') return;
    if (this.life === 'paused') {
      this.#held.push(() => this.enter(task));
      return;
    }
    this.#count();
    if (this.life === 'running') task();
    else if (this.life === 'paused') this.#held.push(() => this.enter(task));
  }

  /** Something goes out. */
  leave(send: () => void): void {
    if (this.life === 'running') {
      const { trap } = this;
      this.#count();
      const lifeNow = this.life as Life;
      if (lifeNow === 'running' || (lifeNow === 'dead' && trap?.isSent)) send();
    }
    if (this.life === 'paused') this.#held.push(() => this.leave(send));
  }

  /** A call to the world; its answer comes in like everything else. */
  call<T>(send: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.leave(() => {
        send().then(
          (value) => this.enter(() => resolve(value)),
          (error: Error) => this.enter(() => reject(error)),
        );
      });
    });
  }

  pause(ms: number): void {
    if (this.life !== 'running') return;
    this.life = 'paused';
    this.world.history.note('pause', this.name, Math.round(ms));
    this.world.after(ms, () => {
      if (this.life !== 'paused') return;
      this.life = 'running';
      this.world.history.note('resume', this.name);
      for (const task of this.#held.splice(0)) this.world.after(0, task);
    });
  }

  crash(): void {
    if (this.life === 'dead') return;
    this.life = 'dead';
    this.#held = [];
    this.world.history.note('crash', this.name);
    for (const tell of this.onDeath) tell();
  }

  #count(): void {
    const { trap } = this;
    if (!trap) return;
    trap.left -= 1;
    if (trap.left > 0) return;
    this.trap = undefined;
    if (trap.what === 'crash') this.crash();
    else this.pause(trap.ms);
  }
}

/**
 * The world's time as one process sees it: while the process stands still, its timers wait. Its machine's
 * wall clock may be wrong, and is corrected as the real SystemClock is.
 */
export class ProcessClock extends Clock {
  /** How wrong the machine's own clock is. */
  skewMs = 0;
  offsetMs = 0;
  readonly #world: World;
  readonly #process: Process;

  constructor(world: World, process: Process) {
    super();
    this.#world = world;
    this.#process = process;
  }

  override now(): number {
    return Math.round(this.#world.startMs + this.#world.time + this.errorMs);
  }

  /** How far `now` is from the truth. */
  get errorMs(): number {
    return this.skewMs + this.offsetMs;
  }

  correct(offsetMs: number): void {
    this.offsetMs = offsetMs;
  }

  override monotonic(): number {
    return this.#world.time;
  }

  override after(ms: number, task: () => void): Timer {
    let isCancelled = false;
    const timer = this.#world.after(ms, () =>
      this.#process.enter(() => {
        if (!isCancelled) task();
      }),
    );
    return {
      cancel() {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  override nextTurn(task: () => void): void {
    this.after(0, task);
  }
}
