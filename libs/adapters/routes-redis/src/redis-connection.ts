/**
 * One connection to Redis that answers within a time limit or says that Redis is away. Must never keep a
 * command for later: what was asked while Redis was away is not sent when it is back.
 */
import { fullJitterMs } from '@carillon/domain';
import { type Clock, PortUnavailable, type Random } from '@carillon/domain/ports';
import { Redis } from 'ioredis';

export interface RedisConnectionOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  /** A call without an answer for so long has failed. */
  readonly commandTimeoutMs: number;
}

/** Waits between attempts to connect, with full jitter; attempts never end. */
const reconnectWait = { minMs: 50, maxMs: 2_000 };
/** A connection that owes an answer and has been silent for so long is dropped. */
const silenceMaxMs = 2_000;
const connectTimeoutMs = 2_000;
/** Commands without an answer; more are refused, so that a silent Redis costs no memory. */
const unansweredMax = 1_000;

export class RedisConnection {
  readonly #redis: Redis;
  readonly #clock: Clock;
  readonly #commandTimeoutMs: number;
  #unanswered = 0;
  #lastError: unknown;

  /** Resolves after the first attempt, whatever came of it; others follow by themselves. */
  static async open(options: RedisConnectionOptions): Promise<RedisConnection> {
    const connection = new RedisConnection(options);
    // A failure is noted by the listener of 'error' and told to whoever asks next.
    await connection.#redis.connect().catch(() => {});
    return connection;
  }

  private constructor({ url, clock, random, commandTimeoutMs }: RedisConnectionOptions) {
    this.#clock = clock;
    this.#commandTimeoutMs = commandTimeoutMs;
    this.#redis = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: connectTimeoutMs,
      socketTimeout: silenceMaxMs,
      disableClientInfo: true,
      retryStrategy: (attempt) => fullJitterMs(random, attempt - 1, reconnectWait),
    });
    this.#redis.on('error', (error) => {
      this.#lastError = error;
    });
  }

  /** Sends one command. @throws PortUnavailable at once while Redis is away, else within the time limit */
  ask<T>(send: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.#redis.status !== 'ready') {
      return Promise.reject(new PortUnavailable('Redis is away', { cause: this.#lastError }));
    }
    if (this.#unanswered >= unansweredMax) {
      return Promise.reject(new PortUnavailable('Redis owes too many answers'));
    }
    this.#unanswered += 1;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(this.#commandTimeoutMs, () => {
        // An event loop that stood still sees its timers before its sockets: the answer may be there already.
        this.#clock.nextTurn(() => reject(new PortUnavailable(`no answer in ${this.#commandTimeoutMs} ms`)));
      });
      send(this.#redis)
        .then(resolve, (cause: unknown) => reject(new PortUnavailable('Redis has failed', { cause })))
        .finally(() => {
          this.#unanswered -= 1;
          timer.cancel();
        });
    });
  }

  /** Open calls end with PortUnavailable. Idempotent. */
  close(): void {
    this.#redis.disconnect();
  }
}
