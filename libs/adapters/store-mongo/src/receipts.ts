/**
 * The ledger beside the log: what connections were sent and settled.
 * Rows vanish 30 days after they were made.
 */

import {
  type ConnectionRecord,
  type LogKey,
  logUser,
  type Receipt,
  type ReceiptAddition,
  type TimedRange,
  type UserKey,
} from '@carillon/domain';
import { type Clock, type ReceiptPlace, Receipts } from '@carillon/domain/ports';
import type { mongo } from 'mongoose';
import type { Guard } from './guard.js';
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
    const upserts = additions.map((addition) => additionUpsert(addition, now));
    // The last of several records of one connection wins; the command itself is unordered.
    const records = [...new Map(connections.map((record) => [record.id, record])).values()];
    await Promise.all([
      upsertAll(this.#receipts, this.#guard, upserts),
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
    const branches = places.map(({ log, seq, user }) => ({
      ...{ log, user },
      ...{ to: { $gte: seq }, from: { $lte: seq } },
    }));
    const rows = await this.#guard.call(() =>
      this.#receipts.find({ $or: branches }).sort({ createdAt: 1, _id: 1 }).toArray(),
    );
    const byLog = Map.groupBy(rows.map(receiptFromRow), ({ log }) => log);
    return places.map(({ log, seq, user }) =>
      (byLog.get(log) ?? []).filter((receipt) => receipt.user === user && includes(receipt, seq)),
    );
  }
}

function additionUpsert(addition: ReceiptAddition, now: Date): mongo.AnyBulkWriteOperation<ReceiptRow> {
  const { id, sent, settled, failed, unhandled, ...fixed } = addition;
  const ranges = [...sent, ...settled];
  const seqs = [...ranges.flatMap((range) => [range.from, range.to]), ...failed, ...unhandled];
  const lists = { sent, settled, failed, unhandled };
  const pushes = Object.entries(lists).filter(([, values]) => values.length > 0);
  return {
    updateOne: {
      filter: { _id: id },
      update: {
        $setOnInsert: { ...fixed, createdAt: now },
        ...(pushes.length > 0
          ? { $push: Object.fromEntries(pushes.map(([name, values]) => [name, { $each: [...values] }])) }
          : {}),
        ...(seqs.length > 0 ? { $min: { from: Math.min(...seqs) }, $max: { to: Math.max(...seqs) } } : {}),
      },
      upsert: true,
    },
  };
}

function connectionUpsert(record: ConnectionRecord, now: Date): mongo.AnyBulkWriteOperation<ConnectionRow> {
  const { id, ...rest } = record;
  return {
    replaceOne: { filter: { _id: id }, replacement: { ...rest, writtenAt: now }, upsert: true },
  };
}

function receiptFromRow(row: ReceiptRow): Receipt {
  const { _id, from: _from, to: _to, createdAt: _createdAt, ...rest } = row;
  return { id: _id, ...emptyLists, ...rest };
}

const emptyLists = { sent: [], settled: [], failed: [], unhandled: [] } as const;

/** The row's bounds only say that it may. */
function includes(receipt: Receipt, seq: number): boolean {
  const holds = (range: TimedRange) => range.from <= seq && seq <= range.to;
  return receipt.sent.some(holds) || receipt.settled.some(holds);
}
