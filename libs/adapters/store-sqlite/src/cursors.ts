/** Cursors on SQLite. A position must never fall, whoever writes it and in whatever order. */
import type { StatementSync } from 'node:sqlite';
import type { DeviceKey, LogKey } from '@carillon/domain';
import { type CursorMove, type CursorQuestion, Cursors } from '@carillon/domain/ports';
import type { Database } from './database.js';

export class SqliteCursors extends Cursors {
  readonly #database: Database;
  readonly #one: StatementSync;
  readonly #furthest: StatementSync;
  readonly #raise: StatementSync;

  constructor(database: Database) {
    super();
    this.#database = database;
    this.#one = database.prepare('SELECT seq FROM cursors WHERE device = ? AND log = ?');
    this.#furthest = database.prepare('SELECT max(seq) AS seq FROM cursors WHERE log = ?');
    this.#raise = database.prepare(
      `INSERT INTO cursors (device, log, seq) VALUES (?, ?, ?)
       ON CONFLICT (device, log) DO UPDATE SET seq = excluded.seq WHERE excluded.seq > seq`,
    );
  }

  override async load(device: DeviceKey, logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>> {
    return this.#database.read(() => this.#positions({ device, logs }));
  }

  override async loadMany(
    questions: readonly CursorQuestion[],
  ): Promise<readonly ReadonlyMap<LogKey, number>[]> {
    return this.#database.read(() => questions.map((question) => this.#positions(question)));
  }

  override async furthest(logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>> {
    return this.#database.read(
      () => new Map(logs.map((log) => [log, Number(this.#furthest.get(log)?.seq ?? 0)])),
    );
  }

  override async begin(moves: readonly CursorMove[]): Promise<void> {
    this.#raiseAll(moves);
  }

  /** As durable as `begin`: one disk has no lazier way that would be worth it. */
  override async advance(moves: readonly CursorMove[]): Promise<void> {
    this.#raiseAll(moves);
  }

  #positions({ device, logs }: CursorQuestion): ReadonlyMap<LogKey, number> {
    const found = new Map<LogKey, number>();
    for (const log of logs) {
      const row = this.#one.get(device, log);
      if (row) found.set(log, Number(row.seq));
    }
    return found;
  }

  #raiseAll(moves: readonly CursorMove[]): void {
    if (moves.length === 0) return;
    this.#database.write(() => {
      for (const move of moves) this.#raise.run(move.device, move.log, move.seq);
    });
  }
}
