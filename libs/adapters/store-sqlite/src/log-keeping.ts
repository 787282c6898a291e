/**
 * Purge, erasure and marks on SQLite. Each call is one transaction; none of them may remove a log's newest
 * entry, because the next seq is counted from it.
 */
import type { StatementSync } from 'node:sqlite';
import type { LogKey, Mark } from '@carillon/domain';
import { LogKeeping, type PurgeBounds } from '@carillon/domain/ports';
import type { Database } from './database.js';

interface AgedRow {
  readonly seq: number;
  readonly acceptedAt: number;
  readonly expiresAt: number;
}

export class SqliteLogKeeping extends LogKeeping {
  readonly #database: Database;
  readonly #oldest: StatementSync;
  readonly #newest: StatementSync;
  readonly #deleteUpTo: StatementSync;
  readonly #empty: StatementSync;
  readonly #mark: StatementSync;
  readonly #nextLog: StatementSync;
  readonly #hasOlder: StatementSync;

  constructor(database: Database) {
    super();
    this.#database = database;
    const aged = 'SELECT seq, acceptedAt, expiresAt FROM entries WHERE log = ? ORDER BY seq';
    this.#oldest = database.prepare(`${aged} LIMIT ?`);
    this.#newest = database.prepare(`${aged} DESC LIMIT 1`);
    this.#deleteUpTo = database.prepare('DELETE FROM entries WHERE log = ? AND seq <= ?');
    this.#empty = database.prepare(
      'UPDATE entries SET data = NULL, notification = NULL, metadata = NULL WHERE log = ? AND seq = ?',
    );
    this.#mark = database.prepare(
      `UPDATE entries SET mark = ?1 WHERE log = ?2 AND seq = ?3 AND (mark IS NULL OR ?1 = 'recalled')`,
    );
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
        this.#markOne(log, newest.seq, 'emptied');
      return last ? Number(this.#deleteUpTo.run(log, last.seq).changes) : 0;
    });
  }

  override async erase(log: LogKey): Promise<void> {
    this.#database.write(() => {
      const newest = this.#newestOf(log);
      if (!newest) return;
      this.#deleteUpTo.run(log, newest.seq - 1);
      this.#markOne(log, newest.seq, 'emptied');
    });
  }

  override async mark(log: LogKey, seqs: readonly number[], mark: Mark): Promise<void> {
    this.#database.write(() => {
      for (const seq of seqs) this.#markOne(log, seq, mark);
    });
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

  /** A recall is the producer's word and stays; other marks do not replace one another. */
  #markOne(log: LogKey, seq: number, mark: Mark): void {
    this.#mark.run(mark, log, seq);
    if (mark !== 'superseded') this.#empty.run(log, seq);
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
