/** Epoch and clock of a store that is one file on this machine. The epoch must never change by itself. */
import { randomUUID } from 'node:crypto';
import type { StatementSync } from 'node:sqlite';
import { type Clock, StoreFacts } from '@carillon/domain/ports';
import type { Database } from './database.js';

export class SqliteStoreFacts extends StoreFacts {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #epoch: StatementSync;
  readonly #begin: StatementSync;
  readonly #lowering: readonly StatementSync[];

  constructor(database: Database, clock: Clock) {
    super();
    this.#database = database;
    this.#clock = clock;
    const begin = database.prepare(`INSERT OR IGNORE INTO meta (name, value) VALUES ('epoch', ?)`);
    database.write(() => begin.run(randomUUID()));
    this.#epoch = database.prepare(`SELECT value FROM meta WHERE name = 'epoch'`);
    this.#begin = database.prepare(`UPDATE meta SET value = ? WHERE name = 'epoch'`);
    this.#lowering = loweringSql.map((sql) => database.prepare(sql));
  }

  override async epoch(): Promise<string> {
    return this.#read();
  }

  override async beginEpoch(): Promise<string> {
    const epoch = randomUUID();
    this.#database.write(() => {
      for (const statement of this.#lowering) statement.run();
      this.#begin.run(epoch);
    });
    return epoch;
  }

  /** The file has no clock of its own: this machine's is the store's. */
  override async now(): Promise<number> {
    this.#read();
    return Math.trunc(this.#clock.now());
  }

  #read(): string {
    return this.#database.read(() => String(this.#epoch.get()?.value));
  }
}

/** A position above its log's head would pass over what the log gets next. */
const headOf = (log: string) => `coalesce((SELECT max(seq) FROM entries WHERE entries.log = ${log}), 0)`;
const loweringSql = [
  `UPDATE cursors SET seq = ${headOf('cursors.log')} WHERE seq > ${headOf('cursors.log')}`,
  `UPDATE members SET head = ${headOf('members.topic')} WHERE head > ${headOf('members.topic')}`,
];
