/**
 * The ledger beside the log: what connections were sent and settled. A flush only inserts; what belongs to
 * one receipt comes together when it is read (docs/adr/0009). Rows vanish 30 days after they were made.
 */

import {
  type ConnectionRecord,
  type LogKey,
  logUser,
  type Receipt,
  type ReceiptAddition,
  receiptSums,
  type TimedRange,
  type UserKey,
} from '@carillon/domain';
import { type Clock, type ReceiptPlace, Receipts } from '@carillon/domain/ports';
import type { mongo } from 'mongoose';
import type { Update } from './commands.js';
import type { Guard } from './guard.js';
import { insertMissing } from './missing-rows.js';
import { receiptFromRow, receiptIdOf, receiptRange, receiptToRow, rowsAround } from './receipt-rows.js';
import type { ConnectionRow, ReceiptRow } from './rows.js';
import { upsertAll } from './upserts.js';

/** Each is a branch of one query, with index bounds of its own. */
const placesPerQuery = 100;

export interface ReceiptsOptions {
  readonly receipts: mongo.Collection<ReceiptRow>;
  readonly connections: mongo.Collection<ConnectionRow>;
  readonly guard: Guard;
  readonly clock: Clock;
}

export class MongoReceipts extends Receipts {
  readonly #receipts: mongo.Collection<ReceiptRow>;
  readonly #connections: mongo.Collection<ConnectionRow>;
  readonly #guard: Guard;
  readonly #clock: Clock;

  constructor(options: ReceiptsOptions) {
    super();
    this.#receipts = options.receipts;
    this.#connections = options.connections;
    this.#guard = options.guard;
    this.#clock = options.clock;
  }

  override async record(
    additions: readonly ReceiptAddition[],
    connections: readonly ConnectionRecord[],
  ): Promise<void> {
    const now = new Date(this.#clock.now());
    const rows = additions.map((addition) => receiptToRow(addition, now));
    // The last of several records of one connection wins; the command itself is unordered.
    const records = [...new Map(connections.map((record) => [record.id, record])).values()];
    await Promise.all([
      insertMissing(this.#receipts, this.#guard, rows),
      upsertAll(
        this.#connections,
        this.#guard,
        records.map((record) => connectionUpsert(record, now)),
      ),
    ]);
  }

  override async ofEntry(log: LogKey, seq: number, user: UserKey): Promise<readonly Receipt[]> {
    const [found = []] = await this.ofEntries([{ log, seq, user }]);
    return found;
  }

  override async ofEntries(places: readonly ReceiptPlace[]): Promise<readonly (readonly Receipt[])[]> {
    const owned = places.map((place) => ({ ...place, user: logUser(place.log) ?? place.user }));
    const found: Receipt[][] = [];
    for (let from = 0; from < owned.length; from += placesPerQuery) {
      found.push(...(await this.#at(owned.slice(from, from + placesPerQuery))));
    }
    return found;
  }

  override async forget(user: UserKey): Promise<void> {
    await Promise.all([
      this.#guard.call(() => this.#receipts.deleteMany({ user })),
      this.#guard.call(() => this.#connections.deleteMany({ user })),
    ]);
  }

  override async connectionsOf(
    user: UserKey,
    since: number,
    limit: number,
  ): Promise<readonly ConnectionRecord[]> {
    if (limit < 1) return [];
    const wasOpen = { $or: [{ closedAt: { $exists: false } }, { closedAt: { $gt: since } }] };
    const rows = await this.#guard.call(() =>
      this.#connections
        .find({ user, ...wasOpen })
        .sort({ openedAt: -1, _id: 1 })
        .limit(limit)
        .toArray(),
    );
    return rows.map(({ _id, writtenAt: _writtenAt, ...rest }) => ({ id: _id, ...rest }));
  }

  async #at(places: readonly ReceiptPlace[]): Promise<Receipt[][]> {
    const rows = await this.#guard.call(() =>
      this.#receipts.find(rowsAround(places)).project<Pick<ReceiptRow, '_id'>>({ _id: 1 }).toArray(),
    );
    const receipts = await this.#whole([...new Set(rows.map(({ _id }) => receiptIdOf(_id)))]);
    const byLog = Map.groupBy(receipts, ({ log }) => log);
    return places.map(({ log, seq, user }) =>
      (byLog.get(log) ?? []).filter((receipt) => receipt.user === user && includes(receipt, seq)),
    );
  }

  /** The receipts with all their additions, and a few others perhaps. */
  async #whole(ids: readonly string[]): Promise<Receipt[]> {
    const additions: Receipt[] = [];
    for (let from = 0; from < ids.length; from += placesPerQuery) {
      const ranges = ids.slice(from, from + placesPerQuery).map((id) => ({ _id: receiptRange(id) }));
      const rows = await this.#guard.call(() =>
        this.#receipts.find({ $or: ranges }).sort({ _id: 1 }).toArray(),
      );
      additions.push(...rows.map(receiptFromRow));
    }
    return receiptSums(additions);
  }
}

function connectionUpsert({ id, ...rest }: ConnectionRecord, now: Date): Update<ConnectionRow> {
  return { q: { _id: id }, u: { ...rest, writtenAt: now } };
}

/** The row's bounds only say that it may. */
function includes(receipt: Receipt, seq: number): boolean {
  const holds = (range: TimedRange) => range.from <= seq && seq <= range.to;
  return receipt.sent.some(holds) || receipt.settled.some(holds);
}
