/**
 * What the append needs, from MongoDB. Reads go to the primary with read concern majority, writes wait for a
 * durable majority, as the connection is set up.
 */

import type { Entry, EntryId, LogKey } from '@carillon/domain';
import type { mongo } from 'mongoose';
import type { AppendCalls, InsertReply } from './append.js';
import { bulkReport } from './driver-errors.js';
import type { Guard } from './guard.js';
import { newestOf } from './newest.js';
import { type EntryRow, entryFromRow, entryToRow } from './rows.js';

const confirmed: InsertReply = { refused: [], isWriteConcernMet: true };

export class MongoCalls implements AppendCalls {
  readonly #entries: mongo.Collection<EntryRow>;
  readonly #guard: Guard;

  constructor(entries: mongo.Collection<EntryRow>, guard: Guard) {
    this.#entries = entries;
    this.#guard = guard;
  }

  insert(rows: readonly Entry[], isOrdered: boolean): Promise<InsertReply> {
    return this.#guard.call(async () => {
      try {
        await this.#entries.insertMany(rows.map(entryToRow), { ordered: isOrdered });
        return confirmed;
      } catch (error) {
        const report = bulkReport(error);
        if (report) return report;
        throw error;
      }
    });
  }

  newest(logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>> {
    return newestOf(this.#entries, this.#guard, logs);
  }

  present(ids: readonly EntryId[]): Promise<readonly Entry[]> {
    return this.#guard.call(async () => {
      const rows = await this.#entries.find({ _id: { $in: [...ids] } }).toArray();
      return rows.map(entryFromRow);
    });
  }
}
