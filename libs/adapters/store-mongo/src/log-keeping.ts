/**
 * Ages logs. Entries are removed one by one from the oldest upwards, in one ordered command per chunk that is
 * committed before the next, so whatever interrupts it leaves a log without a hole. Must never remove the
 * newest entry of a log.
 */

import type { LogKey } from '@carillon/domain';
import { LogKeeping, type PurgeBounds } from '@carillon/domain/ports';
import type { mongo } from 'mongoose';
import type { Guard } from './guard.js';
import { markUpdate } from './marking.js';
import { NewestExpired } from './newest-expired.js';
import type { EntryRow } from './rows.js';

const removedPerCommand = 500;
/** Index keys per query when looking for the logs there are; a long log is jumped over after this many. */
const keysPerScan = 500;

/** Who finds only what another is emptying looks again so many times. */
const emptyingLooksMax = 20;

export class MongoLogKeeping extends LogKeeping {
  readonly #entries: mongo.Collection<EntryRow>;
  readonly #guard: Guard;
  readonly #newestExpired: NewestExpired;

  constructor(entries: mongo.Collection<EntryRow>, guard: Guard) {
    super();
    this.#entries = entries;
    this.#guard = guard;
    this.#newestExpired = new NewestExpired(entries, guard);
  }

  override async purge(log: LogKey, bounds: PurgeBounds): Promise<number> {
    const newest = await this.#newestSeq(log);
    const oldest = await this.#oldest(log, bounds.limit + 1);
    const young = oldest.findIndex(
      (row) => row.expiresAt >= bounds.expiredBefore || row.acceptedAt >= bounds.acceptedBefore,
    );
    const aged = young < 0 ? oldest : oldest.slice(0, young);
    const removable = aged.filter((row) => row.seq < newest).slice(0, bounds.limit);
    await this.#remove(removable);
    if (aged.some((row) => row.seq === newest)) await this.#emptyThose(log, { $in: [newest] });
    return removable.length;
  }

  override async erase(log: LogKey): Promise<void> {
    await this.#emptyThose(log, { $lte: await this.#newestSeq(log) });
  }

  override async emptyExpired(expiredBefore: number, limit: number): Promise<number> {
    for (let look = 1; limit > 0 && look <= emptyingLooksMax; look += 1) {
      const rows = await this.#guard.call(() =>
        this.#entries
          .find(fullBefore(expiredBefore), { limit, batchSize: limit, projection: { _id: 1 } })
          .sort({ expiresAt: 1 })
          .toArray(),
      );
      if (rows.length === 0) break;
      const ids = rows.map((row) => row._id);
      const { modifiedCount } = await this.#guard.call(() =>
        this.#entries.updateMany({ _id: { $in: ids } }, markUpdate('emptied')),
      );
      if (modifiedCount > 0) return modifiedCount;
    }
    return 0;
  }

  override newestExpired(logs: readonly LogKey[], now: number): Promise<ReadonlyMap<LogKey, number>> {
    return this.#newestExpired.of(logs, now);
  }

  override async logsWithEntriesBefore(
    acceptedBefore: number,
    after: LogKey | undefined,
    limit: number,
  ): Promise<readonly LogKey[]> {
    const found: LogKey[] = [];
    let last = after ?? ('' as LogKey);
    while (found.length < limit) {
      const logs = await this.#logsAfter(last);
      if (logs.length === 0) break;
      for (const log of logs) {
        last = log;
        if (found.length < limit && (await this.#hasBefore(log, acceptedBefore))) found.push(log);
      }
    }
    return found;
  }

  async #emptyThose(log: LogKey, seq: { readonly $in: number[] } | { readonly $lte: number }): Promise<void> {
    await this.#guard.call(() => this.#entries.updateMany({ log, seq }, markUpdate('emptied')));
  }

  async #newestSeq(log: LogKey): Promise<number> {
    const row = await this.#guard.call(() =>
      this.#entries.findOne({ log }, { sort: { seq: -1 }, projection: { seq: 1 } }),
    );
    return row?.seq ?? 0;
  }

  #oldest(log: LogKey, limit: number): Promise<AgedRow[]> {
    const projection = { seq: 1, expiresAt: 1, acceptedAt: 1 };
    return this.#guard.call(() =>
      this.#entries
        .find({ log }, { limit, batchSize: limit })
        .sort({ seq: 1 })
        .project<AgedRow>(projection)
        .toArray(),
    );
  }

  /** Ascending; `deleteMany` would walk the index downwards and leave holes when it is interrupted. */
  async #remove(rows: readonly AgedRow[]): Promise<void> {
    for (let from = 0; from < rows.length; from += removedPerCommand) {
      const chunk = rows.slice(from, from + removedPerCommand);
      const removals = chunk.map(({ _id }) => ({ deleteOne: { filter: { _id } } }));
      await this.#guard.call(() => this.#entries.bulkWrite(removals, { ordered: true }));
    }
  }

  /** Some logs after this one, in key order and complete up to the last of them. */
  async #logsAfter(last: LogKey): Promise<readonly LogKey[]> {
    const rows = await this.#guard.call(() =>
      this.#entries
        .find({ log: { $gt: last } }, { limit: keysPerScan, batchSize: keysPerScan })
        .sort({ log: 1, seq: -1 })
        .project<Pick<EntryRow, 'log'>>({ _id: 0, log: 1 })
        .toArray(),
    );
    return [...new Set(rows.map((row) => row.log))];
  }

  async #hasBefore(log: LogKey, acceptedBefore: number): Promise<boolean> {
    const [oldest] = await this.#oldest(log, 1);
    return oldest !== undefined && oldest.acceptedAt < acceptedBefore;
  }
}

type AgedRow = Pick<EntryRow, '_id' | 'seq' | 'expiresAt' | 'acceptedAt'>;

/** Entries that still have content, by the one index on it; its plan is held by a test. */
export function fullBefore(expiredBefore: number): mongo.Filter<EntryRow> {
  return { expiresAt: { $lt: expiredBefore }, data: { $exists: true } };
}
