/**
 * How a mark is set: the same for producers, purge and erasure. A mark that is set stays, save that a recall
 * replaces any; content that was removed never comes back.
 */
import type { StatementSync } from 'node:sqlite';
import type { LogKey, Mark } from '@carillon/domain';
import type { Database } from './database.js';

/** Only within a transaction of the caller's. */
export class Marking {
  readonly #mark: StatementSync;
  readonly #empty: StatementSync;

  constructor(database: Database) {
    this.#mark = database.prepare(
      `UPDATE entries SET mark = ?1 WHERE log = ?2 AND seq = ?3 AND (mark IS NULL OR ?1 = 'recalled')`,
    );
    this.#empty = database.prepare(
      'UPDATE entries SET data = NULL, notification = NULL, metadata = NULL WHERE log = ? AND seq = ?',
    );
  }

  mark(log: LogKey, seq: number, mark: Mark): void {
    this.#mark.run(mark, log, seq);
    if (mark !== 'superseded') this.#empty.run(log, seq);
  }
}
