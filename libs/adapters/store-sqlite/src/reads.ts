/** Who has read what, on SQLite. The first time stays; rows older than 30 days are removed by the way. */
import type { StatementSync } from 'node:sqlite';
import { parameters, type UserKey } from '@carillon/domain';
import { type Clock, Reads } from '@carillon/domain/ports';
import type { Database } from './database.js';

/** Between two looks for rows that are too old, and how many one look removes at most. */
const ageingMs = 60_000;
const agedRowsMax = 500;

export class SqliteReads extends Reads {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #note: StatementSync;
  readonly #at: StatementSync;
  readonly #forget: StatementSync;
  readonly #age: StatementSync;
  #agedAt = Number.NEGATIVE_INFINITY;

  constructor(database: Database, clock: Clock) {
    super();
    this.#database = database;
    this.#clock = clock;
    this.#note = database.prepare('INSERT OR IGNORE INTO reads (user, message, at) VALUES (?, ?, ?)');
    this.#at = database.prepare('SELECT at FROM reads WHERE user = ? AND message = ?');
    this.#forget = database.prepare('DELETE FROM reads WHERE user = ?');
    this.#age = database.prepare(
      `DELETE FROM reads WHERE (user, message) IN
         (SELECT user, message FROM reads WHERE at < ? ORDER BY at LIMIT ?)`,
    );
  }

  override async note(user: UserKey, messageIds: readonly string[], at: number): Promise<void> {
    if (messageIds.length === 0) return;
    this.#database.write(() => {
      for (const id of messageIds) this.#note.run(user, id, at);
      this.#removeAged();
    });
  }

  override async ofMessage(
    messageId: string,
    users: readonly UserKey[],
  ): Promise<ReadonlyMap<UserKey, number>> {
    return this.#database.read(() => {
      const found = new Map<UserKey, number>();
      for (const user of users) {
        const row = this.#at.get(user, messageId);
        if (row) found.set(user, Number(row.at));
      }
      return found;
    });
  }

  override async forget(user: UserKey): Promise<void> {
    this.#database.write(() => this.#forget.run(user));
  }

  #removeAged(): void {
    if (this.#clock.monotonic() - this.#agedAt < ageingMs) return;
    this.#agedAt = this.#clock.monotonic();
    this.#age.run(this.#clock.now() - parameters.receiptsKeptMs, agedRowsMax);
  }
}
