/**
 * The log on SQLite: one transaction per append, so the newest entry cannot change between being read and
 * being followed. Must never answer `appended` for what is not on the disk.
 */
import type { StatementSync } from 'node:sqlite';
import { type Draft, type Entry, entryId, type LogKey } from '@carillon/domain';
import { type Appended, type LogPlace, MessageLog, PortUnavailable } from '@carillon/domain/ports';
import type { Database } from './database.js';
import { type EntryRow, entryColumns, entryOfRow, entryValues } from './entry-row.js';

const columns = entryColumns.join(', ');

export class SqliteMessageLog extends MessageLog {
  readonly #database: Database;
  readonly #insert: StatementSync;
  readonly #byId: StatementSync;
  readonly #head: StatementSync;
  readonly #after: StatementSync;
  readonly #further: StatementSync;
  readonly #inLog: StatementSync;

  constructor(database: Database) {
    super();
    this.#database = database;
    const places = entryColumns.map(() => '?').join(', ');
    this.#insert = database.prepare(`INSERT INTO entries (${columns}) VALUES (${places})`);
    this.#byId = database.prepare(`SELECT ${columns} FROM entries WHERE id = ?`);
    this.#head = database.prepare('SELECT max(seq) AS seq FROM entries WHERE log = ?');
    this.#after = database.prepare(
      `SELECT ${columns} FROM entries WHERE log = ? AND seq > ? ORDER BY seq LIMIT ?`,
    );
    // 'A' follows '@' in ASCII: the range holds exactly the ids that begin with `<messageId>@`.
    this.#further = database.prepare(
      `SELECT ${columns} FROM entries WHERE id >= ? || '@' AND id < ? || 'A' ORDER BY id`,
    );
    this.#inLog = database.prepare(`SELECT ${columns} FROM entries WHERE id IN (?, ?) AND log = ?`);
  }

  override async append(drafts: readonly Draft[]): Promise<readonly Appended[]> {
    if (drafts.length === 0) return [];
    try {
      return this.#database.write(() => {
        const heads = new Map<LogKey, number>();
        return drafts.map((draft) => this.#place(draft, heads));
      });
    } catch (error) {
      if (!(error instanceof PortUnavailable)) throw error;
      return drafts.map(() => ({ outcome: 'unconfirmed' }));
    }
  }

  override async read(log: LogKey, after: number, limit: number): Promise<readonly Entry[]> {
    return this.#database.read(() => this.#page(log, after, limit));
  }

  override async readMany(
    places: readonly LogPlace[],
    limit: number,
  ): Promise<readonly (readonly Entry[])[]> {
    return this.#database.read(() => places.map(({ log, after }) => this.#page(log, after, limit)));
  }

  override async heads(logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>> {
    return this.#database.read(() => new Map(logs.map((log) => [log, this.#headOf(log)])));
  }

  override async ofMessage(messageId: string): Promise<readonly Entry[]> {
    return this.#database.read(() =>
      [...rows(this.#byId.all(messageId)), ...rows(this.#further.all(messageId, messageId))].map(entryOfRow),
    );
  }

  override async entryOf(messageId: string, log: LogKey): Promise<Entry | undefined> {
    return this.#database.read(() => {
      const [row] = rows(this.#inLog.all(messageId, entryId(messageId, log, false), log));
      return row && entryOfRow(row);
    });
  }

  #place(draft: Draft, heads: Map<LogKey, number>): Appended {
    const [stored] = rows(this.#byId.all(draft.id));
    if (stored) return { outcome: 'present', entry: entryOfRow(stored) };
    const seq = (heads.get(draft.log) ?? this.#headOf(draft.log)) + 1;
    this.#insert.run(...entryValues(draft, seq));
    heads.set(draft.log, seq);
    return { outcome: 'appended', entry: { ...draft, seq } };
  }

  #page(log: LogKey, after: number, limit: number): readonly Entry[] {
    return rows(this.#after.all(log, after, limit)).map(entryOfRow);
  }

  #headOf(log: LogKey): number {
    return Number(this.#head.get(log)?.seq ?? 0);
  }
}

function rows(found: readonly unknown[]): readonly EntryRow[] {
  return found as readonly EntryRow[];
}
