/** The route table as one process sees it: calls take time, are lost, or lose their answers. */
import { type Incarnation, type UserKey } from '@carillon/domain';
import { PortUnavailable, type Random, type Route, RouteTable } from '@carillon/domain/ports';
import { type MemoryRouteData, MemoryRoutes } from '@carillon/routes-memory';
import type { Process } from './process.js';
import { Wind } from './wind.js';
import type { World } from './world.js';

export class ProcessRoutes extends RouteTable {
  readonly #world: World;
  readonly #process: Process;
  readonly #random: Random;
  readonly #table: MemoryRoutes;

  constructor(world: World, data: MemoryRouteData, process: Process) {
    super();
    this.#world = world;
    this.#process = process;
    this.#random = world.chance(`routes of ${process.name}`);
    this.#table = new MemoryRoutes(new Wind(world), data);
  }

  override renewLease(incarnation: Incarnation, ttlMs: number): Promise<'kept' | 'lost'> {
    // Its answer is never lost: with it the news of a rewound table would be lost too, until anti-entropy.
    return this.#ask(() => this.#table.renewLease(incarnation, ttlMs), false);
  }

  override endLease(incarnation: Incarnation): Promise<void> {
    return this.#ask(() => this.#table.endLease(incarnation));
  }

  override claim(incarnation: Incarnation, users: readonly UserKey[]): Promise<void> {
    return this.#ask(() => this.#table.claim(incarnation, users));
  }

  override release(incarnation: Incarnation, users: readonly UserKey[]): Promise<void> {
    return this.#ask(() => this.#table.release(incarnation, users));
  }

  override lookup(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, readonly Route[]>> {
    return this.#ask(() => this.#table.lookup(users));
  }

  override async close(): Promise<void> {}

  #ask<T>(call: () => Promise<T>, canLoseAnswer = true): Promise<T> {
    return this.#process.call(async () => {
      await this.#latency();
      const { lost, answerLost } = this.#world.weather.routes;
      if (this.#random.next() < lost) throw new PortUnavailable('routes are away');
      const answer = await call();
      await this.#latency();
      if (canLoseAnswer && this.#random.next() < answerLost)
        throw new PortUnavailable('the answer of the routes was lost');
      return answer;
    });
  }

  #latency(): Promise<void> {
    const isSlow = this.#random.next() < 0.25;
    const ms = 0.1 + this.#random.next() * (isSlow ? this.#world.weather.routes.slowMaxMs : 1);
    return new Promise((resolve) => {
      this.#world.after(ms, resolve);
    });
  }
}
