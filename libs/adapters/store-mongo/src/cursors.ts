/** How far each device has settled each log: one row per device and log, only ever raised. */

import type { DeviceKey, LogKey } from '@carillon/domain';
import { type CursorMove, type CursorQuestion, Cursors } from '@carillon/domain/ports';
import type { mongo } from 'mongoose';
import { findRows } from './commands.js';
import type { Guard } from './guard.js';
import { newestOf } from './newest.js';
import { type CursorRow, cursorId } from './rows.js';
import { upsertAll } from './upserts.js';

/** Rows per query at most. */
const idsPerQuery = 5_000;

export class MongoCursors extends Cursors {
  readonly #cursors: mongo.Collection<CursorRow>;
  readonly #guard: Guard;

  constructor(cursors: mongo.Collection<CursorRow>, guard: Guard) {
    super();
    this.#cursors = cursors;
    this.#guard = guard;
  }

  override async load(device: DeviceKey, logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>> {
    const [found = new Map<LogKey, number>()] = await this.loadMany([{ device, logs }]);
    return found;
  }

  override async loadMany(
    questions: readonly CursorQuestion[],
  ): Promise<readonly ReadonlyMap<LogKey, number>[]> {
    const stored = await this.#seqs(
      questions.flatMap(({ device, logs }) => logs.map((log) => cursorId(device, log))),
    );
    return questions.map(({ device, logs }) => {
      const found = new Map<LogKey, number>();
      for (const log of logs) {
        const seq = stored.get(cursorId(device, log));
        if (seq !== undefined) found.set(log, seq);
      }
      return found;
    });
  }

  override furthest(logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>> {
    return newestOf(this.#cursors, this.#guard, logs);
  }

  override begin(moves: readonly CursorMove[]): Promise<void> {
    return this.#raise(moves);
  }

  override advance(moves: readonly CursorMove[]): Promise<void> {
    return this.#raise(moves);
  }

  async #seqs(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const seqs = new Map<string, number>();
    for (let from = 0; from < ids.length; from += idsPerQuery) {
      const chunk = ids.slice(from, from + idsPerQuery);
      const filter = { _id: { $in: chunk } };
      const rows = await findRows(this.#guard, this.#cursors, { filter, rowsMax: chunk.length });
      for (const { _id, seq } of rows) seqs.set(_id, seq);
    }
    return seqs;
  }

  #raise(moves: readonly CursorMove[]): Promise<void> {
    const updates = moves.map(({ device, log, seq }) => ({
      q: { _id: cursorId(device, log) },
      u: { $max: { seq }, $setOnInsert: { log } },
    }));
    return upsertAll(this.#cursors, this.#guard, updates);
  }
}
