/**
 * A route table in a SQLite file, for several processes on one machine. A route hangs on its node's lease by
 * a foreign key: it must never be there without one. The port's docstrings are the contract, not this file.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Incarnation, UserKey } from '@carillon/domain';
import {
  type Clock,
  LeaseExpired,
  PortUnavailable,
  type Random,
  type Route,
  RouteTable,
  randomName,
} from '@carillon/domain/ports';

export interface FileRoutesParts {
  /** Created where absent. */
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** How long a write waits for another process that writes; the event loop stands still meanwhile. */
const busyTimeoutMs = 200;
const tokenLength = 16;

/** Soft state may vanish: `synchronous = OFF` saves a sync per write. */
const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = OFF;
  CREATE TABLE IF NOT EXISTS leases (
    incarnation TEXT PRIMARY KEY, token TEXT NOT NULL, ends_at INTEGER NOT NULL
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE IF NOT EXISTS routes (
    user TEXT NOT NULL,
    incarnation TEXT NOT NULL REFERENCES leases ON DELETE CASCADE,
    PRIMARY KEY (user, incarnation)
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX IF NOT EXISTS routes_of_node ON routes (incarnation);
`;

/** RouteTable over one file; never stale. Leases run on the machine's wall clock, which all processes see. */
export class FileRoutes extends RouteTable {
  readonly #sqlite: DatabaseSync;
  /** Users go in as one JSON list, so that a call of any size is one statement. */
  readonly #statements: Record<
    'sweep' | 'find' | 'renew' | 'end' | 'claim' | 'release' | 'lookup',
    StatementSync
  >;
  /** Of the leases that this process renewed; another one in the file means that the file was put back. */
  readonly #lastTokens = new Map<Incarnation, string>();

  constructor(private readonly parts: FileRoutesParts) {
    super();
    this.#sqlite = asPortError(() => new DatabaseSync(parts.path, { timeout: busyTimeoutMs }));
    this.#statements = asPortError(() => {
      this.#sqlite.exec(schema);
      const prepare = (sql: string) => this.#sqlite.prepare(sql);
      return {
        sweep: prepare('DELETE FROM leases WHERE ends_at <= ?'),
        find: prepare('SELECT token FROM leases WHERE incarnation = ?'),
        renew: prepare(
          `INSERT INTO leases VALUES (?, ?, ?)
           ON CONFLICT DO UPDATE SET token = excluded.token, ends_at = excluded.ends_at`,
        ),
        end: prepare('DELETE FROM leases WHERE incarnation = ?'),
        claim: prepare('INSERT OR IGNORE INTO routes SELECT value, ? FROM json_each(?)'),
        release: prepare(
          'DELETE FROM routes WHERE incarnation = ? AND user IN (SELECT value FROM json_each(?))',
        ),
        lookup: prepare(
          `SELECT user, incarnation, token FROM routes JOIN leases USING (incarnation)
           WHERE user IN (SELECT value FROM json_each(?)) AND ends_at > ?`,
        ),
      };
    });
  }

  override async renewLease(incarnation: Incarnation, ttlMs: number): Promise<'kept' | 'lost'> {
    const token = randomName(this.parts.random, tokenLength);
    const found = this.#write(() => {
      const lease = this.#statements.find.get(incarnation);
      this.#statements.renew.run(incarnation, token, Math.floor(this.parts.clock.now() + ttlMs));
      return lease?.['token'];
    });
    const isKept = found !== undefined && found === this.#lastTokens.get(incarnation);
    this.#lastTokens.set(incarnation, token);
    return isKept ? 'kept' : 'lost';
  }

  override async endLease(incarnation: Incarnation): Promise<void> {
    this.#write(() => this.#statements.end.run(incarnation));
    this.#lastTokens.delete(incarnation);
  }

  override async claim(incarnation: Incarnation, users: readonly UserKey[]): Promise<void> {
    const isHeld = this.#write(() => {
      if (!this.#statements.find.get(incarnation)) return false;
      this.#statements.claim.run(incarnation, JSON.stringify(users));
      return true;
    });
    if (!isHeld) throw new LeaseExpired(`${incarnation} holds no lease`);
  }

  override async release(incarnation: Incarnation, users: readonly UserKey[]): Promise<void> {
    this.#write(() => this.#statements.release.run(incarnation, JSON.stringify(users)));
  }

  override async lookup(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, readonly Route[]>> {
    const { lookup } = this.#statements;
    const now = Math.floor(this.parts.clock.now());
    const rows = asPortError(() => lookup.all(JSON.stringify(users), now)) as unknown as RouteRow[];
    const routes = rows.map(({ user, incarnation, token }) => ({ user, incarnation, leaseToken: token }));
    return Map.groupBy(routes, ({ user }) => user);
  }

  override async close(): Promise<void> {
    this.#lastTokens.clear();
    if (this.#sqlite.isOpen) this.#sqlite.close();
  }

  /** One transaction; leases that have run out are gone before the work begins, and their routes too. */
  #write<T>(work: () => T): T {
    return asPortError(() => {
      this.#sqlite.exec('BEGIN IMMEDIATE');
      try {
        this.#statements.sweep.run(Math.floor(this.parts.clock.now()));
        const result = work();
        this.#sqlite.exec('COMMIT');
        return result;
      } catch (error) {
        if (this.#sqlite.isTransaction) this.#sqlite.exec('ROLLBACK');
        throw error;
      }
    });
  }
}

interface RouteRow {
  readonly user: UserKey;
  readonly incarnation: Incarnation;
  readonly token: string;
}

/** No driver error leaves this folder as it is. */
function asPortError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new PortUnavailable('the file of routes cannot be asked', { cause: error });
  }
}
