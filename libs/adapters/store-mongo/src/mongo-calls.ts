/**
 * What the append needs, from MongoDB. Reads go to the primary with read concern majority, writes wait for a
 * durable majority, as the connection is set up.
 */

import type { Entry, EntryId, LogKey } from '@carillon/domain';
import type { mongo } from 'mongoose';
import type { AppendCalls } from './append.js';
import { insertOnce } from './commands.js';
import type { Guard } from './guard.js';
import { newestOf } from './newest.js';
import { type EntryRow, entryFromRow, entryToRow } from './rows.js';
import type { WriteReport } from './write-report.js';

export class MongoCalls implements AppendCalls {
  readonly #entries: mongo.Collection<EntryRow>;
  readonly #guard: Guard;

  constructor(entries: mongo.Collection<EntryRow>, guard: Guard) {
    this.#entries = entries;
    this.#guard = guard;
  }

  insert(rows: readonly Entry[], isOrdered: boolean): Promise<WriteReport> {
    return insertOnce(this.#guard, this.#entries, { rows: rows.map(entryToRow), isOrdered });
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
