/** The bus as one process sees it: a connection that takes time, loses, doubles and delays. */
import { MemoryBus, type MemoryHub } from '@carillon/bus-memory';
import { Bus, type BusMessage, type Random, type Subscription } from '@carillon/domain/ports';
import { FaultyBus } from '@carillon/testkit';
import type { Process } from './process.js';
import { Wind } from './wind.js';
import type { World } from './world.js';

const subscribeMaxMs = 60;

export class ProcessBus extends Bus {
  readonly line: FaultyBus;
  readonly #world: World;
  readonly #process: Process;
  readonly #random: Random;
  #arrivesAt = 0;

  constructor(world: World, hub: MemoryHub, process: Process) {
    super();
    this.#world = world;
    this.#process = process;
    this.#random = world.chance(`bus of ${process.name}`);
    const wind = new Wind(world);
    const bus = new MemoryBus(wind, hub);
    this.line = new FaultyBus(bus, { clock: wind, random: this.#random });
    process.onDeath.push(() => {
      // A killed process is missed at once, one whose machine died only later.
      world.after(this.#random.next() < 0.5 ? 0 : this.#random.next() * 8_000, () => void bus.close());
    });
  }

  override publish(subject: string, data: Uint8Array): void {
    this.#process.leave(() => this.#weathered(() => this.line.publish(subject, data)));
  }

  override request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return this.#process.call(() => this.#weathered(() => this.line.request(subject, data, timeoutMs)));
  }

  /** In place only when the server has read of it; a ping is answered after that. */
  override subscribe(
    subject: string,
    onMessage: (message: BusMessage) => void,
    group?: string,
  ): Subscription {
    const receive = ({ data, reply }: BusMessage) => {
      const answer = (bytes: Uint8Array) => this.#process.leave(() => this.#weathered(() => reply(bytes)));
      this.#world.after(0.2 + this.#random.next() * 2, () =>
        this.#process.enter(() => onMessage({ data, reply: answer })),
      );
    };
    let made: Subscription | undefined;
    let isOver = false;
    this.#later(() => {
      if (!isOver) made = this.line.subscribe(subject, receive, group);
    });
    return {
      unsubscribe: () => {
        isOver = true;
        made?.unsubscribe();
      },
    };
  }

  override onReconnect(listener: () => void): void {
    this.line.onReconnect(() => this.#process.enter(listener));
  }

  override ping(): Promise<void> {
    return this.#process.call(async () => {
      await new Promise<void>((resolve) => this.#later(resolve));
      await this.line.ping();
    });
  }

  override close(): Promise<void> {
    return this.line.close();
  }

  /** What this process tells the server arrives in order. */
  #later(task: () => void): void {
    const isSlow = this.#random.next() < 0.3;
    const ms = 0.2 + this.#random.next() * (isSlow ? subscribeMaxMs : 2);
    this.#arrivesAt = Math.max(this.#arrivesAt, this.#world.time + ms);
    this.#world.after(this.#arrivesAt - this.#world.time, task);
  }

  /** With the faults of this moment. */
  #weathered<T>(send: () => T): T {
    const { bus, delayMs } = this.#world.weather;
    this.line.faults = { ...bus, delayMs };
    return send();
  }
}
