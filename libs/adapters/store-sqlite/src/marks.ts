/** Marks on SQLite. Each call is one transaction. */
import type { StatementSync } from 'node:sqlite';
import type { LogKey, Mark } from '@carillon/domain';
import { Marks } from '@carillon/domain/ports';
import type { Database } from './database.js';
import { Marking } from './marking.js';

export class SqliteMarks extends Marks {
  readonly #database: Database;
  readonly #marking: Marking;
  readonly #unmarked: StatementSync;

  constructor(database: Database) {
    super();
    this.#database = database;
    this.#marking = new Marking(database);
    this.#unmarked = database.prepare(
      `SELECT seq FROM entries WHERE log = ? AND collapseKey = ? AND seq < ? AND mark IS NULL ORDER BY seq`,
    );
  }

  override async mark(log: LogKey, seqs: readonly number[], mark: Mark): Promise<void> {
    this.#database.write(() => {
      for (const seq of seqs) this.#marking.mark(log, seq, mark);
    });
  }

  override async supersede(log: LogKey, collapseKey: string, seq: number): Promise<readonly number[]> {
    return this.#database.write(() => {
      const seqs = this.#unmarked.all(log, collapseKey, seq).map((row) => Number(row.seq));
      for (const each of seqs) this.#marking.mark(log, each, 'superseded');
      return seqs;
    });
  }
}
