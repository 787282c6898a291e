/**
 * Purge and erasure on SQLite. Each call is one transaction; none of them may remove a log's newest
 * entry, because the next seq is counted from it.
 */
import type { StatementSync } from 'node:sqlite';
import type { LogKey } from '@carillon/domain';
import { LogKeeping, type PurgeBounds } from '@carillon/domain/ports';
import type { Database } from './database.js';
import { Marking } from './marking.js';

interface AgedRow {
  readonly seq: number;
  readonly acceptedAt: number;
  readonly expiresAt: number;
}

interface EntryPlace {
  readonly log: LogKey;
  readonly seq: number;
}

export class SqliteLogKeeping extends LogKeeping {
  readonly #database: Database;
  readonly #oldest: StatementSync;
  readonly #newest: StatementSync;
  readonly #places: StatementSync;
  readonly #deleteUpTo: StatementSync;
  readonly #full: StatementSync;
  readonly #firstLive: StatementSync;
  readonly #marking: Marking;
  readonly #nextLog: StatementSync;
  readonly #hasOlder: StatementSync;

  constructor(database: Database) {
    super();
    this.#database = database;
    const aged = 'SELECT seq, acceptedAt, expiresAt FROM entries WHERE log = ? ORDER BY seq';
    this.#oldest = database.prepare(`${aged} LIMIT ?`);
    this.#newest = database.prepare(`${aged} DESC LIMIT 1`);
    this.#places = database.prepare('SELECT seq FROM entries WHERE log = ?');
    this.#deleteUpTo = database.prepare('DELETE FROM entries WHERE log = ? AND seq <= ?');
    this.#full = database.prepare(
      `SELECT log, seq FROM entries
       WHERE expiresAt < ? AND (data IS NOT NULL OR notification IS NOT NULL OR metadata IS NOT NULL)
       ORDER BY expiresAt LIMIT ?`,
    );
    this.#firstLive = database.prepare(
      'SELECT seq FROM entries WHERE log = ? AND expiresAt > ? AND mark IS NULL ORDER BY seq LIMIT 1',
    );
    this.#marking = new Marking(database);
    this.#nextLog = database.prepare('SELECT min(log) AS log FROM entries WHERE log > ?');
    this.#hasOlder = database.prepare('SELECT 1 FROM entries WHERE log = ? AND acceptedAt < ? LIMIT 1');
  }

  override async purge(log: LogKey, bounds: PurgeBounds): Promise<number> {
    return this.#database.write(() => {
      const newest = this.#newestOf(log);
      if (!newest) return 0;
      const prefix = this.#oldest.all(log, bounds.limit) as unknown as AgedRow[];
      const kept = prefix.findIndex((row) => row.seq === newest.seq || !isSpent(row, bounds));
      const last = kept < 0 ? prefix.at(-1) : prefix[kept - 1];
      if (prefix[kept]?.seq === newest.seq && isSpent(newest, bounds))
        this.#marking.mark(log, newest.seq, 'emptied');
      return last ? Number(this.#deleteUpTo.run(log, last.seq).changes) : 0;
    });
  }

  override async erase(log: LogKey): Promise<void> {
    this.#database.write(() => {
      for (const { seq } of this.#places.all(log)) this.#marking.mark(log, Number(seq), 'emptied');
    });
  }

  override async emptyExpired(expiredBefore: number, limit: number): Promise<number> {
    return this.#database.write(() => {
      const full = this.#full.all(expiredBefore, limit) as unknown as EntryPlace[];
      for (const { log, seq } of full) this.#marking.mark(log, seq, 'emptied');
      return full.length;
    });
  }

  override async newestExpired(logs: readonly LogKey[], now: number): Promise<ReadonlyMap<LogKey, number>> {
    return this.#database.read(() => new Map(logs.map((log) => [log, this.#expiredUpTo(log, now)])));
  }

  override async logsWithEntriesBefore(
    acceptedBefore: number,
    after: LogKey | undefined,
    limit: number,
  ): Promise<readonly LogKey[]> {
    return this.#database.read(() => {
      const found: LogKey[] = [];
      let log = this.#logAfter(after ?? '');
      while (log !== undefined && found.length < limit) {
        if (this.#hasOlder.get(log, acceptedBefore)) found.push(log);
        log = this.#logAfter(log);
      }
      return found;
    });
  }

  #expiredUpTo(log: LogKey, now: number): number {
    const live = this.#firstLive.get(log, now);
    return live ? Number(live.seq) - 1 : (this.#newestOf(log)?.seq ?? 0);
  }

  #newestOf(log: LogKey): AgedRow | undefined {
    return this.#newest.get(log) as unknown as AgedRow | undefined;
  }

  #logAfter(log: string): LogKey | undefined {
    return (this.#nextLog.get(log)?.log ?? undefined) as LogKey | undefined;
  }
}

function isSpent(row: AgedRow, bounds: PurgeBounds): boolean {
  return row.expiresAt < bounds.expiredBefore && row.acceptedAt < bounds.acceptedBefore;
}
