/**
 * A bus that does everything a bus is allowed to do: loses, doubles, delays and goes away. The same seed and
 * the same calls give the same faults. Must never change bytes.
 */
import {
  Bus,
  type BusMessage,
  type Clock,
  PortUnavailable,
  type Random,
  type Subscription,
  TimedOut,
} from '@carillon/domain/ports';

/** How often each fault strikes, as a probability from 0 to 1 of each message, request or answer. */
export interface BusFaults {
  readonly lost?: number;
  readonly doubled?: number;
  readonly delayed?: number;
  /** A delayed message arrives up to so much later, so it may be overtaken. */
  readonly delayMs?: number;
}

export interface FaultyBusOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly faults?: BusFaults;
}

/** Wraps a bus. A lost request or answer is a TimedOut; while away every request is a PortUnavailable. */
export class FaultyBus extends Bus {
  /** May be changed at any moment. */
  faults: BusFaults;
  /** How many messages, requests and answers were lost so far. */
  lostCount = 0;
  private isAway = false;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly reconnectListeners: (() => void)[] = [];
  /** What ends each request that was lost on its way. */
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly bus: Bus,
    { clock, random, faults = {} }: FaultyBusOptions,
  ) {
    super();
    this.clock = clock;
    this.random = random;
    this.faults = faults;
  }

  /** From now on nothing goes out or comes in. */
  goAway(): void {
    this.isAway = true;
  }

  /** Works again, and tells those who want to know of a reconnect. */
  comeBack(): void {
    this.isAway = false;
    for (const listener of this.reconnectListeners) listener();
  }

  override publish(subject: string, data: Uint8Array): void {
    this.pass(() => {
      if (!this.isAway) this.bus.publish(subject, data);
    });
  }

  override request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (this.isAway) return Promise.reject(new PortUnavailable('the bus is away'));
    if (!this.strikes(this.faults.lost)) return this.bus.request(subject, data, timeoutMs);
    this.lostCount += 1;
    return this.timeOut(timeoutMs);
  }

  override subscribe(
    subject: string,
    onMessage: (message: BusMessage) => void,
    group?: string,
  ): Subscription {
    const receive = (message: BusMessage) => {
      const reply = (answer: Uint8Array) => {
        if (!this.isAway) this.pass(() => message.reply(answer));
      };
      if (!this.isAway) onMessage({ data: message.data, reply });
    };
    return this.bus.subscribe(subject, receive, group);
  }

  override onReconnect(listener: () => void): void {
    this.reconnectListeners.push(listener);
    this.bus.onReconnect(listener);
  }

  override async ping(): Promise<void> {
    if (this.isAway) throw new PortUnavailable('the bus is away');
    await this.bus.ping();
  }

  override async close(): Promise<void> {
    for (const end of [...this.waiting]) end();
    await this.bus.close();
  }

  /** Carries out what may be lost, doubled or late. */
  private pass(send: () => void): void {
    if (this.strikes(this.faults.lost)) {
      this.lostCount += 1;
      return;
    }
    const copies = this.strikes(this.faults.doubled) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (!this.strikes(this.faults.delayed)) send();
      else this.clock.after(this.random.next() * (this.faults.delayMs ?? 1_000), send);
    }
  }

  private async timeOut(ms: number): Promise<never> {
    const { promise, reject } = Promise.withResolvers<never>();
    const end = () => reject(new TimedOut(`a request was lost, no answer in ${ms} ms`));
    const timer = this.clock.after(ms, end);
    this.waiting.add(end);
    try {
      return await promise;
    } finally {
      timer.cancel();
      this.waiting.delete(end);
    }
  }

  /** Asks chance only where the fault is possible at all, so that a fault left out changes nothing else. */
  private strikes(probability = 0): boolean {
    return probability > 0 && this.random.next() < probability;
  }
}
