/**
 * What is in a log, in which order.
 * Reads go to the primary with read concern majority; must never read otherwise.
 */

import { type Draft, type Entry, entryId, type LogKey } from '@carillon/domain';
import { type Appended, type LogPlace, MessageLog } from '@carillon/domain/ports';
import type { mongo } from 'mongoose';
import type { Appender } from './append.js';
import type { Guard } from './guard.js';
import { newestOf } from './newest.js';
import { pageOf, pagesAfter, placesPerQuery } from './read-many.js';
import { type EntryRow, entryFromRow } from './rows.js';

export class MongoLog extends MessageLog {
  readonly #entries: mongo.Collection<EntryRow>;
  readonly #appender: Appender;
  readonly #guard: Guard;
  readonly #appending = new Set<Promise<readonly Appended[]>>();
  #isClosed = false;

  constructor(entries: mongo.Collection<EntryRow>, appender: Appender, guard: Guard) {
    super();
    this.#entries = entries;
    this.#appender = appender;
    this.#guard = guard;
  }

  override async append(drafts: readonly Draft[]): Promise<readonly Appended[]> {
    if (this.#isClosed) return drafts.map(() => ({ outcome: 'unconfirmed' }));
    const appending = this.#appender.append(drafts);
    this.#appending.add(appending);
    try {
      return await appending;
    } finally {
      this.#appending.delete(appending);
    }
  }

  override async read(log: LogKey, after: number, limit: number): Promise<readonly Entry[]> {
    if (limit < 1) return [];
    const rows = await this.#guard.call(() =>
      this.#entries
        .find({ log, seq: { $gt: after } }, { limit, batchSize: limit })
        .sort({ seq: 1 })
        .toArray(),
    );
    return untilGap(rows).map(entryFromRow);
  }

  override async readMany(
    places: readonly LogPlace[],
    limit: number,
  ): Promise<readonly (readonly Entry[])[]> {
    const pages: (readonly Entry[])[] = [];
    for (let from = 0; from < places.length; from += placesPerQuery) {
      pages.push(...(await this.#readSome(places.slice(from, from + placesPerQuery), limit)));
    }
    return pages;
  }

  override heads(logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>> {
    return newestOf(this.#entries, this.#guard, logs);
  }

  override async ofMessage(messageId: string): Promise<readonly Entry[]> {
    // "A" is the character after "@", so the range holds exactly the ids that begin with `<messageId>@`.
    const further = { _id: { $gte: `${messageId}@`, $lt: `${messageId}A` } };
    const rows = await this.#guard.call(() =>
      this.#entries
        .find({ $or: [{ _id: messageId }, further] })
        .sort({ _id: 1 })
        .toArray(),
    );
    return rows.map(entryFromRow);
  }

  override async entryOf(messageId: string, log: LogKey): Promise<Entry | undefined> {
    const ids = [entryId(messageId, log, true), entryId(messageId, log, false)];
    const row = await this.#guard.call(() => this.#entries.findOne({ _id: { $in: ids }, log }));
    return row ? entryFromRow(row) : undefined;
  }

  async #readSome(places: readonly LogPlace[], limit: number): Promise<readonly (readonly Entry[])[]> {
    if (limit < 1) return places.map(() => []);
    const batchSize = places.length * limit;
    const rows = await this.#guard.call(() =>
      this.#entries.find(pagesAfter(places, limit), { batchSize }).toArray(),
    );
    const found = new Map<LogKey, readonly Entry[]>();
    for (const [log, own] of Map.groupBy(rows, (row) => row.log)) {
      own.sort((a, b) => a.seq - b.seq);
      found.set(log, own.map(entryFromRow));
    }
    const pages = places.map((place) => pageOf(place, found, limit));
    const unsure = places.filter((_, at) => !pages[at]);
    const heads = await this.heads(unsure.map(({ log }) => log));
    return Promise.all(
      places.map(async ({ log, after }, at) => {
        const page = pages[at];
        if (page) return untilGap(page);
        return (heads.get(log) ?? 0) > after ? this.read(log, after, limit) : [];
      }),
    );
  }

  /**
   * Takes no further drafts and resolves when the running appends have answered:
   * at their deadline at the latest.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#appending);
  }
}

/**
 * Up to the first gap. A scan during a purge may see a prefix vanish in its middle; the next read then begins
 * after it.
 */
function untilGap<S extends { readonly seq: number }>(rows: readonly S[]): readonly S[] {
  const first = rows[0];
  if (!first) return rows;
  const gap = rows.findIndex((row, index) => row.seq !== first.seq + index);
  return gap < 0 ? rows : rows.slice(0, gap);
}
