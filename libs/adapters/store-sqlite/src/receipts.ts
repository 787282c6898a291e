/**
 * Receipts on SQLite: one row per receipt and one small row per addition, so a flush never rewrites what is
 * there; they add up when they are read. Rows older than 30 days are removed by the way; nothing else may
 * remove one.
 */
import type { StatementSync } from 'node:sqlite';
import {
  type ConnectionRecord,
  type LogKey,
  parameters,
  type Receipt,
  type ReceiptAddition,
  receiptSums,
  type UserKey,
} from '@carillon/domain';
import { type Clock, type ReceiptPlace, Receipts } from '@carillon/domain/ports';
import type { Database } from './database.js';

/** Between two looks for rows that are too old, and how many of each kind one look removes at most. */
const ageingMs = 60_000;
const agedRowsMax = 500;

type Ranges = Pick<Receipt, 'sent' | 'settled' | 'failed' | 'unhandled'>;

interface ReceiptRow {
  readonly number: number;
  readonly id: string;
  readonly log: LogKey;
  readonly user: UserKey;
  readonly device: Receipt['device'] | null;
  readonly connection: string;
  readonly node: string;
}

export class SqliteReceipts extends Receipts {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #upsert: StatementSync;
  readonly #addPart: StatementSync;
  readonly #around: StatementSync;
  readonly #parts: StatementSync;
  readonly #putConnection: StatementSync;
  readonly #connections: StatementSync;
  readonly #forget: readonly StatementSync[];
  readonly #ageing: readonly StatementSync[];
  #agedAt = Number.NEGATIVE_INFINITY;

  constructor(database: Database, clock: Clock) {
    super();
    this.#database = database;
    this.#clock = clock;
    this.#upsert = database.prepare(
      `INSERT INTO receipts (id, log, user, device, connection, node, lowest, highest, writtenAt)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET lowest = min(lowest, excluded.lowest),
         highest = max(highest, excluded.highest), writtenAt = excluded.writtenAt
       RETURNING number`,
    );
    this.#addPart = database.prepare(
      `INSERT INTO receiptParts (receipt, number, ranges)
       SELECT ?1, 1 + coalesce(max(number), 0), ?2 FROM receiptParts WHERE receipt = ?1`,
    );
    this.#around = database.prepare(
      `SELECT number, id, log, user, device, connection, node FROM receipts
       WHERE log = ?1 AND user = ?2 AND highest >= ?3 AND lowest <= ?3 ORDER BY number`,
    );
    this.#parts = database.prepare('SELECT ranges FROM receiptParts WHERE receipt = ? ORDER BY number');
    this.#putConnection = database.prepare(
      `INSERT OR REPLACE INTO connections (id, user, openedAt, closedAt, record, writtenAt)
       VALUES (?, ?, ?, ?, ?, ?)`,
    );
    this.#connections = database.prepare(
      `SELECT record FROM connections WHERE user = ? AND (closedAt IS NULL OR closedAt > ?)
       ORDER BY openedAt DESC, id LIMIT ?`,
    );
    this.#forget = forgetSql.map((sql) => database.prepare(sql));
    this.#ageing = ageingSql.map((sql) => database.prepare(sql));
  }

  override async record(
    additions: readonly ReceiptAddition[],
    connections: readonly ConnectionRecord[],
  ): Promise<void> {
    if (additions.length + connections.length === 0) return;
    const now = this.#clock.now();
    this.#database.write(() => {
      for (const addition of additions) this.#add(addition, now);
      for (const one of connections) {
        this.#putConnection.run(
          one.id,
          one.user,
          one.openedAt,
          one.closedAt ?? null,
          JSON.stringify(one),
          now,
        );
      }
      this.#removeAged(now);
    });
  }

  override async ofEntry(log: LogKey, seq: number, user: UserKey): Promise<readonly Receipt[]> {
    return this.#database.read(() => this.#at({ log, seq, user }));
  }

  override async ofEntries(places: readonly ReceiptPlace[]): Promise<readonly (readonly Receipt[])[]> {
    return this.#database.read(() => places.map((place) => this.#at(place)));
  }

  override async forget(user: UserKey): Promise<void> {
    this.#database.write(() => {
      for (const statement of this.#forget) statement.run(user);
    });
  }

  override async connectionsOf(
    user: UserKey,
    since: number,
    limit: number,
  ): Promise<readonly ConnectionRecord[]> {
    return this.#database.read(() =>
      this.#connections
        .all(user, since, limit)
        .map((row) => JSON.parse(String(row.record)) as ConnectionRecord),
    );
  }

  #add(addition: ReceiptAddition, now: number): void {
    const { id, log, user, device, connection, node, sent, settled, failed, unhandled } = addition;
    const ranges = [...sent, ...settled];
    const lowest = Math.min(...ranges.map(({ from }) => from), Number.MAX_SAFE_INTEGER);
    const highest = Math.max(...ranges.map(({ to }) => to), 0);
    const row = this.#upsert.get(id, log, user, device ?? null, connection, node, lowest, highest, now);
    const part: Ranges = { sent, settled, failed, unhandled };
    this.#addPart.run(row?.number ?? null, JSON.stringify(part));
  }

  #at({ log, seq, user }: ReceiptPlace): Receipt[] {
    return (this.#around.all(log, user, seq) as unknown as ReceiptRow[])
      .flatMap((row) => this.#whole(row))
      .filter((receipt) => covers(receipt.sent, seq) || covers(receipt.settled, seq));
  }

  #whole({ number, device, ...row }: ReceiptRow): Receipt[] {
    const whole = { ...row, ...(device === null ? {} : { device }) };
    const parts = this.#parts.all(number).map(({ ranges }) => JSON.parse(String(ranges)) as Ranges);
    return receiptSums(parts.map((part) => ({ ...whole, ...part })));
  }

  #removeAged(now: number): void {
    if (this.#clock.monotonic() - this.#agedAt < ageingMs) return;
    this.#agedAt = this.#clock.monotonic();
    for (const statement of this.#ageing) statement.run(now - parameters.receiptsKeptMs, agedRowsMax);
  }
}

/** Parts first, here and below: they are found through the receipts that the next statement removes. */
const forgetSql = [
  'DELETE FROM receiptParts WHERE receipt IN (SELECT number FROM receipts WHERE user = ?1)',
  'DELETE FROM receipts WHERE user = ?1',
  'DELETE FROM connections WHERE user = ?1',
];

const aged = (key: string, table: string) =>
  `SELECT ${key} FROM ${table} WHERE writtenAt < ?1 ORDER BY writtenAt, ${key} LIMIT ?2`;
const ageingSql = [
  `DELETE FROM receiptParts WHERE receipt IN (${aged('number', 'receipts')})`,
  `DELETE FROM receipts WHERE number IN (${aged('number', 'receipts')})`,
  `DELETE FROM connections WHERE id IN (${aged('id', 'connections')})`,
];

function covers(ranges: readonly { readonly from: number; readonly to: number }[], seq: number): boolean {
  return ranges.some(({ from, to }) => from <= seq && seq <= to);
}
