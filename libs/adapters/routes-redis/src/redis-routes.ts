/**
 * Routes and leases in one Redis (not a Redis Cluster). All of it may vanish or go back in time at any
 * moment; the next renewal must notice.
 */
import { type Incarnation, parameters, type UserKey } from '@carillon/domain';
import { LeaseExpired, type Random, type Route, RouteTable, randomName } from '@carillon/domain/ports';
import { RedisConnection, type RedisConnectionOptions } from './redis-connection.js';
import { claimScript, releaseScript } from './route-scripts.js';

export interface RedisRoutesOptions extends RedisConnectionOptions {
  /** Precedes every key, so that several installations can share a Redis. */
  readonly prefix: string;
}

/** Users per script: it holds Redis for well under a millisecond. */
const usersPerScript = 200;
/** Keys per MGET. */
const keysPerRead = 1_000;
/** Tokens remembered while heartbeats go unanswered; a lease has run out long before. */
const tokensMax = 8;
const tokenLength = 16;

/** What is known of an own lease. */
interface Lease {
  /** The last confirmed token and those sent since without an answer: any of them may be what Redis holds. */
  readonly tokens: readonly string[];
  /** A loss was noticed but the caller has not been told, as a later step failed. */
  readonly isLossUntold: boolean;
}

export class RedisRoutes extends RouteTable {
  readonly #connection: RedisConnection;
  readonly #random: Random;
  readonly #prefix: string;
  readonly #routePrefix: string;
  readonly #leases = new Map<Incarnation, Lease>();

  /**
   * Does not fail while Redis is away: it goes on trying, and calls throw PortUnavailable until it is there.
   */
  static async open(options: RedisRoutesOptions): Promise<RouteTable> {
    return new RedisRoutes(await RedisConnection.open(options), options);
  }

  private constructor(connection: RedisConnection, { random, prefix }: RedisRoutesOptions) {
    super();
    this.#connection = connection;
    this.#random = random;
    this.#prefix = prefix;
    this.#routePrefix = `${prefix}route:{`;
  }

  override async renewLease(incarnation: Incarnation, ttlMs: number): Promise<'kept' | 'lost'> {
    const key = this.#leaseKey(incarnation);
    const token = randomName(this.#random, tokenLength);
    const { tokens, isLossUntold } = this.#leases.get(incarnation) ?? { tokens: [], isLossUntold: true };
    this.#leases.set(incarnation, { tokens: [...tokens, token].slice(-tokensMax), isLossUntold });
    const found = await this.#connection.ask((redis) => redis.set(key, token, 'PX', ttlMs, 'XX', 'GET'));
    const isLost = isLossUntold || found === null || !tokens.includes(found);
    if (found === null) {
      this.#leases.set(incarnation, { tokens: [token], isLossUntold: true });
      await this.#connection.ask((redis) => redis.set(key, token, 'PX', ttlMs));
    }
    this.#leases.set(incarnation, { tokens: [token], isLossUntold: false });
    return isLost ? 'lost' : 'kept';
  }

  override async endLease(incarnation: Incarnation): Promise<void> {
    this.#leases.delete(incarnation);
    await this.#connection.ask((redis) => redis.del(this.#leaseKey(incarnation)));
  }

  override async claim(incarnation: Incarnation, users: readonly UserKey[]): Promise<void> {
    for (const slice of slices(users, usersPerScript)) {
      const keys = [this.#leaseKey(incarnation), ...slice.map((user) => this.#routeKey(user))];
      const values = [incarnation, parameters.routeTtlMs, `${this.#prefix}node:{`, '}'];
      const done = await this.#connection.ask((redis) =>
        redis.eval(claimScript, keys.length, ...keys, ...values),
      );
      if (done === 0) throw new LeaseExpired(`${incarnation} holds no lease`);
    }
  }

  override async release(incarnation: Incarnation, users: readonly UserKey[]): Promise<void> {
    for (const slice of slices(users, usersPerScript)) {
      const keys = slice.map((user) => this.#routeKey(user));
      await this.#connection.ask((redis) => redis.eval(releaseScript, keys.length, ...keys, incarnation));
    }
  }

  /** Two rounds, whatever the number of users: routes, then the leases of the nodes that they name. */
  override async lookup(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, readonly Route[]>> {
    const holders = await this.#read(users.map((user) => this.#routeKey(user)));
    const routes = await this.#liveRoutes(holders);
    const found = new Map<UserKey, readonly Route[]>();
    for (let at = 0; at < users.length; at += 1) {
      const live = routes.get(holders[at] ?? null);
      if (live) found.set(users[at] as UserKey, live);
    }
    return found;
  }

  /** By what is stored for a user, the same for most of a batch: the nodes in it that have a lease. */
  async #liveRoutes(
    holders: readonly (string | null)[],
  ): Promise<ReadonlyMap<string | null, readonly Route[]>> {
    const distinct = [...new Set(holders)];
    const named = [...new Set(distinct.flatMap(incarnationsOf))];
    const tokens = await this.#read(named.map((incarnation) => this.#leaseKey(incarnation)));
    const live = new Map<Incarnation, Route>();
    for (const [at, incarnation] of named.entries()) {
      const leaseToken = tokens[at];
      if (leaseToken) live.set(incarnation, { incarnation, leaseToken });
    }
    const routes = new Map<string | null, readonly Route[]>();
    for (const one of distinct) {
      const of = incarnationsOf(one).flatMap((incarnation) => live.get(incarnation) ?? []);
      if (of.length > 0) routes.set(one, of);
    }
    return routes;
  }

  override async close(): Promise<void> {
    this.#connection.close();
  }

  /** All slices leave together: one round. */
  async #read(keys: readonly string[]): Promise<readonly (string | null)[]> {
    const parts = slices(keys, keysPerRead).map((slice) =>
      this.#connection.ask((redis) => redis.mget(slice)),
    );
    return (await Promise.all(parts)).flat();
  }

  #routeKey(user: UserKey): string {
    return `${this.#routePrefix}${user}}`;
  }

  #leaseKey(incarnation: Incarnation): string {
    return `${this.#prefix}node:{${incarnation}}`;
  }
}

function incarnationsOf(holders: string | null): Incarnation[] {
  return holders ? (holders.split(' ') as Incarnation[]) : [];
}

function slices<T>(all: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let from = 0; from < all.length; from += size) parts.push(all.slice(from, from + size));
  return parts;
}
