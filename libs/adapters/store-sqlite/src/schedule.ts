/**
 * Messages for later, on SQLite. Each call is one transaction, so of processes that race one wins. What has
 * ended is removed a day after, by the way.
 */
import type { StatementSync } from 'node:sqlite';
import { parameters } from '@carillon/domain';
import { type Claim, Schedule, type ScheduledMessage } from '@carillon/domain/ports';
import type { Database } from './database.js';

/** Ended messages that one look removes at most. */
const endedRowsMax = 500;
const columns = 'id, tenant, fingerprint, posting, recipients, acceptedAt, dueAt, state';

export class SqliteSchedule extends Schedule {
  readonly #database: Database;
  readonly #add: StatementSync;
  readonly #find: StatementSync;
  readonly #due: StatementSync;
  readonly #claim: StatementSync;
  readonly #fired: StatementSync;
  readonly #cancel: StatementSync;
  readonly #removeEnded: StatementSync;

  constructor(database: Database) {
    super();
    this.#database = database;
    this.#add = database.prepare(
      `INSERT OR IGNORE INTO scheduled (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting')`,
    );
    this.#find = database.prepare(`SELECT ${columns} FROM scheduled WHERE id = ?`);
    this.#due = database.prepare(
      `SELECT ${columns} FROM scheduled WHERE endedAt IS NULL AND dueAt <= ?1
         AND (state = 'waiting' OR (state = 'claimed' AND claimedUntil <= ?1)) ORDER BY dueAt, id LIMIT ?2`,
    );
    this.#claim = database.prepare(
      `UPDATE scheduled SET state = 'claimed', claimedBy = ?, claimedUntil = ? WHERE id = ?`,
    );
    this.#fired = database.prepare(
      `UPDATE scheduled SET state = 'fired', endedAt = ?
       WHERE id = ? AND state = 'claimed' AND claimedBy = ?`,
    );
    this.#cancel = database.prepare(
      `UPDATE scheduled SET state = 'cancelled', endedAt = ? WHERE id = ? AND state = 'waiting'`,
    );
    this.#removeEnded = database.prepare(
      `DELETE FROM scheduled WHERE id IN
         (SELECT id FROM scheduled WHERE endedAt IS NOT NULL AND endedAt < ? ORDER BY endedAt LIMIT ?)`,
    );
  }

  override async add(message: Omit<ScheduledMessage, 'state'>): Promise<ScheduledMessage> {
    const { id, tenant, fingerprint, posting, recipients, acceptedAt, dueAt } = message;
    return this.#database.write(() => {
      this.#add.run(id, tenant, fingerprint, posting, recipients, acceptedAt, dueAt);
      return this.#one(id) ?? { ...message, state: 'waiting' };
    });
  }

  override async find(ids: readonly string[]): Promise<readonly ScheduledMessage[]> {
    return this.#database.read(() => [...new Set(ids)].flatMap((id) => this.#one(id) ?? []));
  }

  override async claimDue(now: number, claim: Claim, limit: number): Promise<readonly ScheduledMessage[]> {
    return this.#database.write(() => {
      this.#removeEnded.run(now - parameters.scheduleKeptMs, endedRowsMax);
      const due = messages(this.#due.all(now, limit));
      for (const { id } of due) this.#claim.run(claim.by, claim.until, id);
      return due.map((message) => ({ ...message, state: 'claimed' }));
    });
  }

  override async fired(ids: readonly string[], by: string, now: number): Promise<void> {
    this.#database.write(() => {
      for (const id of ids) this.#fired.run(now, id, by);
    });
  }

  override async cancel(id: string, now: number): Promise<'cancelled' | 'too-late' | 'unknown'> {
    return this.#database.write(() => {
      this.#cancel.run(now, id);
      const stored = this.#one(id);
      if (!stored) return 'unknown';
      return stored.state === 'cancelled' ? 'cancelled' : 'too-late';
    });
  }

  #one(id: string): ScheduledMessage | undefined {
    return messages(this.#find.all(id))[0];
  }
}

function messages(rows: readonly unknown[]): readonly ScheduledMessage[] {
  return (rows as readonly ScheduledMessage[]).map((row) => ({ ...row }));
}
