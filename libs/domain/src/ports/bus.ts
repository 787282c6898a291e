/**
 * Carries bytes between processes: at most once, in no order, with loss. Nothing durable may depend on it.
 */

export interface BusMessage {
  readonly data: Uint8Array;
  /** Answers a request; does nothing for what was published, or when the bus is away. */
  reply(data: Uint8Array): void;
}

/** Ends a subscription. Idempotent. */
export interface Subscription {
  unsubscribe(): void;
}

export abstract class Bus {
  /** Tells all subscribers, and one per group. Lost without notice while the bus is away. Never throws. */
  abstract publish(subject: string, data: Uint8Array): void;
  /**
   * Asks one subscriber (or several: the first answer counts). @throws NoResponder at once when nobody
   * listens, TimedOut, PortUnavailable while the bus is away.
   */
  abstract request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /**
   * Calls back for every message until unsubscribed, also after a reconnect. The callback must not throw. Of
   * subscribers with one `group` only one is told.
   */
  abstract subscribe(subject: string, onMessage: (message: BusMessage) => void, group?: string): Subscription;
  /** Calls back whenever messages may have been lost: after every reconnect. */
  abstract onReconnect(listener: () => void): void;
  /** Resolves when the bus answers. @throws PortUnavailable */
  abstract ping(): Promise<void>;
  /** Ends all subscriptions and open requests (TimedOut). Idempotent. */
  abstract close(): Promise<void>;
}
