/** How far each device has settled each log: one row per device and log, only ever raised. */

import type { DeviceKey, LogKey } from '@carillon/domain';
import { type CursorMove, Cursors } from '@carillon/domain/ports';
import type { mongo } from 'mongoose';
import type { Guard } from './guard.js';
import { newestOf } from './newest.js';
import { type CursorRow, cursorId } from './rows.js';
import { upsertAll } from './upserts.js';

export class MongoCursors extends Cursors {
  readonly #cursors: mongo.Collection<CursorRow>;
  readonly #guard: Guard;

  constructor(cursors: mongo.Collection<CursorRow>, guard: Guard) {
    super();
    this.#cursors = cursors;
    this.#guard = guard;
  }

  override async load(device: DeviceKey, logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>> {
    const ids = logs.map((log) => cursorId(device, log));
    const rows = await this.#guard.call(() => this.#cursors.find({ _id: { $in: ids } }).toArray());
    return new Map(rows.map((row) => [row.log, row.seq]));
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

  #raise(moves: readonly CursorMove[]): Promise<void> {
    const updates = moves.map(({ device, log, seq }) => ({
      updateOne: {
        filter: { _id: cursorId(device, log) },
        update: { $max: { seq }, $setOnInsert: { log } },
        upsert: true,
      },
    }));
    return upsertAll(this.#cursors, this.#guard, updates);
  }
}
