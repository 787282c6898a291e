/**
 * Keeps one connection to NATS for as long as it is wanted: connects, notices that it broke, connects again,
 * for ever. Must never keep anything of a broken connection for the next one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fullJitterMs } from '@carillon/domain';
import type { Random } from '@carillon/domain/ports';
import { connect, type NatsConnection } from 'nats';
import { serverAddress } from './server-address.js';

export interface NatsLinkOptions {
  /** See `serverAddress`. */
  readonly url: string;
  /** What the server lists this connection as. */
  readonly name: string;
  readonly random: Random;
}

/** What becomes of the link. `isFirst`: nobody can have missed anything yet. */
export interface NatsLinkListener {
  onUp(connection: NatsConnection, isFirst: boolean): void;
  onDown(): void;
}

/** Waits between attempts, with full jitter; attempts never end. */
const reconnectWait = { minMs: 50, maxMs: 500 };
const connectTimeoutMs = 2_000;
/** A server that is silent for two to three of these is taken for dead. */
const pingIntervalMs = 2_000;
const pingsUnansweredMax = 2;

export class NatsLink {
  readonly #options: NatsLinkOptions;
  readonly #listener: NatsLinkListener;
  readonly #end = new AbortController();
  #connection: NatsConnection | undefined;
  #life: Promise<void> = Promise.resolve();

  /** Resolves after the first attempt, whatever came of it. @throws TypeError when the URL is none */
  static async open(options: NatsLinkOptions, listener: NatsLinkListener): Promise<NatsLink> {
    serverAddress(options.url);
    const link = new NatsLink(options, listener);
    await new Promise<void>((resolve) => {
      link.#life = link.#live(resolve);
    });
    return link;
  }

  private constructor(options: NatsLinkOptions, listener: NatsLinkListener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#end.abort();
    await this.#connection?.close();
    await this.#life;
  }

  async #live(onFirstAttempt: () => void): Promise<void> {
    const { signal } = this.#end;
    for (let attempt = 0, attempts = 0; !signal.aborted; attempts++) {
      const connection = await this.#connect();
      if (connection) {
        attempt = 0;
        this.#connection = connection;
        if (signal.aborted) await connection.close();
        else if (!connection.isClosed()) this.#listener.onUp(connection, attempts === 0);
      }
      if (attempts === 0) onFirstAttempt();
      if (connection) {
        await connection.closed();
        this.#listener.onDown();
      }
      await this.#pause(attempt++);
    }
  }

  async #connect(): Promise<NatsConnection | undefined> {
    try {
      return await connect({
        ...serverAddress(this.#options.url),
        name: this.#options.name,
        timeout: connectTimeoutMs,
        pingInterval: pingIntervalMs,
        maxPingOut: pingsUnansweredMax,
        // The driver's own reconnect buffers without bound and gives up on some errors.
        reconnect: false,
        noAsyncTraces: true,
      });
    } catch {
      return undefined; // Away: that is told to whoever asks for something.
    }
  }

  async #pause(attempt: number): Promise<void> {
    const waitMs = fullJitterMs(this.#options.random, attempt, reconnectWait);
    // Aborted by close: then nothing is left to wait for.
    await sleep(waitMs, undefined, { signal: this.#end.signal, ref: false }).catch(() => {});
  }
}
