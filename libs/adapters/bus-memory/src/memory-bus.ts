/**
 * A bus inside one process. Bytes are not copied: the receiver gets a view of the sender's, so a sender must
 * never change what it has sent.
 */
import {
  Bus,
  type BusMessage,
  type Clock,
  NoResponder,
  PortUnavailable,
  type Subscription,
  TimedOut,
} from '@carillon/domain/ports';
import { MemoryHub } from './memory-hub.js';

/** Bus over a hub; loses nothing, keeps order, never reconnects. Buses on one hub hear each other. */
export class MemoryBus extends Bus {
  private isClosed = false;
  private readonly subscriptions = new Set<Subscription>();
  /** What ends each open request at once. */
  private readonly requests = new Set<() => void>();

  constructor(
    private readonly clock: Clock,
    private readonly hub = new MemoryHub(),
  ) {
    super();
  }

  override publish(subject: string, data: Uint8Array): void {
    if (!this.isClosed) this.hub.deliver(subject, { data: data.subarray(), reply: () => undefined });
  }

  override async request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (this.isClosed) throw new PortUnavailable('the bus is closed');
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const end = () => reject(new TimedOut(`no answer on ${subject} in ${timeoutMs} ms`));
    const told = this.hub.deliver(subject, {
      data: data.subarray(),
      reply: (answer) => resolve(answer.subarray()),
    });
    if (told === 0) throw new NoResponder(`nobody listens on ${subject}`);
    const timer = this.clock.after(timeoutMs, end);
    this.requests.add(end);
    try {
      return await promise;
    } finally {
      timer.cancel();
      this.requests.delete(end);
    }
  }

  override subscribe(
    subject: string,
    onMessage: (message: BusMessage) => void,
    group?: string,
  ): Subscription {
    const subscriber = { group, onMessage: (message: BusMessage) => onMessage(this.received(message)) };
    const subscription = {
      unsubscribe: () => {
        this.hub.remove(subject, subscriber);
        this.subscriptions.delete(subscription);
      },
    };
    if (this.isClosed) return subscription;
    this.hub.add(subject, subscriber);
    this.subscriptions.add(subscription);
    return subscription;
  }

  /** Never calls: there is no connection that could be lost. */
  override onReconnect(_listener: () => void): void {}

  override async ping(): Promise<void> {
    if (this.isClosed) throw new PortUnavailable('the bus is closed');
  }

  override async close(): Promise<void> {
    this.isClosed = true;
    for (const subscription of [...this.subscriptions]) subscription.unsubscribe();
    for (const end of [...this.requests]) end();
  }

  private received(message: BusMessage): BusMessage {
    return {
      data: message.data,
      reply: (answer) => {
        if (!this.isClosed) message.reply(answer);
      },
    };
  }
}
