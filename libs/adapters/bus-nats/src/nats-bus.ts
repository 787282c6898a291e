/**
 * The bus on core NATS. What cannot be sent now is dropped and what was not heard is lost: nothing may be
 * buffered for a server that is away, and nothing here may throw into the driver, which would go deaf.
 */
import { Bus, type BusMessage, PortUnavailable, type Subscription, TimedOut } from '@carillon/domain/ports';
import type { Msg, NatsConnection, Subscription as NatsSubscription } from 'nats';
import { NatsLink, type NatsLinkOptions } from './nats-link.js';
import { OpenRequests } from './open-requests.js';
import { Outflow } from './outflow.js';
import { PayloadTooLarge } from './payload-too-large.js';

export interface NatsBusOptions extends NatsLinkOptions {
  /** Begins the subjects of answers, so that a server can allow each service only its own: `_INBOX_push`. */
  readonly inboxPrefix: string;
  /**
   * Told of what has no caller: a subscriber that threw, a published message too large.
   * Default: a process warning.
   */
  readonly report?: (error: Error) => void;
}

interface Listening {
  readonly subject: string;
  readonly group: string | undefined;
  readonly onMessage: (message: BusMessage) => void;
  current: NatsSubscription | undefined;
}

/** NATS carries 1 MiB unless told otherwise; a server that says less is believed. */
const payloadBytesMax = 1_048_576;
const pingTimeoutMs = 1_000;

export class NatsBus extends Bus {
  readonly #report: (error: Error) => void;
  readonly #requests: OpenRequests;
  readonly #listenings = new Set<Listening>();
  readonly #pings = new Set<() => void>();
  readonly #reconnectListeners: (() => void)[] = [];
  #link: NatsLink | undefined;
  #connection: NatsConnection | undefined;
  #outflow: Outflow | undefined;

  /** Does not fail while NATS is away: subscriptions made meanwhile count from when it is there. */
  static async open(options: NatsBusOptions): Promise<Bus> {
    const bus = new NatsBus(options);
    bus.#link = await NatsLink.open(options, {
      onUp: (connection, isFirst) => bus.#up(connection, isFirst),
      onDown: () => bus.#down(),
    });
    return bus;
  }

  private constructor({ inboxPrefix, random, report }: NatsBusOptions) {
    super();
    this.#report = report ?? ((error) => process.emitWarning(error));
    this.#requests = new OpenRequests(inboxPrefix, random);
  }

  override publish(subject: string, data: Uint8Array): void {
    try {
      this.#send(subject, data);
    } catch (error) {
      if (!(error instanceof PortUnavailable)) this.#reportThrown(error);
    }
  }

  /** @throws PayloadTooLarge besides what the port says */
  override async request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return this.#requests.ask(timeoutMs, (reply) => this.#send(subject, data, reply));
  }

  override subscribe(
    subject: string,
    onMessage: (message: BusMessage) => void,
    group?: string,
  ): Subscription {
    const listening: Listening = { subject, group, onMessage, current: undefined };
    this.#listenings.add(listening);
    if (this.#connection) this.#attach(listening, this.#connection);
    return {
      unsubscribe: () => {
        if (this.#listenings.delete(listening)) listening.current?.unsubscribe();
      },
    };
  }

  override onReconnect(listener: () => void): void {
    this.#reconnectListeners.push(listener);
  }

  override ping(): Promise<void> {
    const connection = this.#connection;
    if (!connection) return Promise.reject(away());
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        this.#pings.delete(fail);
        settle();
      };
      const fail = () => end(() => reject(new PortUnavailable('NATS does not answer')));
      const timer = setTimeout(fail, pingTimeoutMs);
      this.#pings.add(fail);
      // The answer comes after the server has read all that was written before.
      connection.flush().then(() => end(resolve), fail);
    });
  }

  override async close(): Promise<void> {
    this.#listenings.clear();
    this.#requests.failAll(() => new TimedOut('the bus was closed'));
    this.#connection = undefined;
    await this.#link?.close();
  }

  #up(connection: NatsConnection, isFirst: boolean): void {
    this.#outflow = new Outflow(connection);
    connection.subscribe(`${this.#requests.inbox}*`, {
      callback: (error, answer) => (error ? this.#report(error) : this.#requests.settle(answer)),
    });
    for (const listening of this.#listenings) this.#attach(listening, connection);
    this.#connection = connection;
    if (!isFirst) this.#tellReconnected(connection);
  }

  #down(): void {
    this.#connection = undefined;
    this.#outflow = undefined;
    for (const listening of this.#listenings) listening.current = undefined;
    this.#requests.failAll(away);
    for (const fail of [...this.#pings]) fail();
  }

  /**
   * Only once the server knows the subscriptions:
   * who catches up before that could miss what comes in between.
   */
  #tellReconnected(connection: NatsConnection): void {
    connection.flush().then(
      () => {
        for (const listener of this.#reconnectListeners) this.#guard(listener);
      },
      () => {}, // Broken again: the next connection tells.
    );
  }

  #attach(listening: Listening, connection: NatsConnection): void {
    const { subject, group, onMessage } = listening;
    this.#guard(() => {
      listening.current = connection.subscribe(subject, {
        ...(group === undefined ? {} : { queue: group }),
        callback: (error, message) => {
          if (error) this.#report(error);
          else this.#guard(() => onMessage(this.#messageOf(message)));
        },
      });
    });
  }

  #messageOf(message: Msg): BusMessage {
    return {
      data: message.data,
      reply: (data) => {
        if (message.reply) this.publish(message.reply, data);
      },
    };
  }

  /** @throws PortUnavailable, PayloadTooLarge */
  #send(subject: string, data: Uint8Array, reply?: string): void {
    const connection = this.#connection;
    const bytesMax = Math.min(payloadBytesMax, connection?.info?.max_payload ?? payloadBytesMax);
    if (data.length > bytesMax) throw new PayloadTooLarge(subject, data.length, bytesMax);
    // The driver may know before we do.
    if (!connection || connection.isClosed()) throw away();
    if (!this.#outflow?.admits(data.length)) throw new PortUnavailable('NATS does not take what it is sent');
    connection.publish(subject, data, reply === undefined ? {} : { reply });
  }

  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#reportThrown(error);
    }
  }

  #reportThrown(thrown: unknown): void {
    this.#report(thrown instanceof Error ? thrown : new Error(String(thrown)));
  }
}

function away(): PortUnavailable {
  return new PortUnavailable('NATS is away');
}
