/** The store's epoch and clock. */

import { PortUnavailable, type Random, randomName, StoreFacts } from '@carillon/domain/ports';
import type { Connection } from 'mongoose';
import type { Guard } from './guard.js';
import { lowerPositions } from './positions.js';
import type { Collections } from './schemas.js';
import { upsertAll } from './upserts.js';

const epochId = 'epoch';
const epochLength = 16;

export interface FactsOptions {
  readonly connection: Connection;
  readonly collections: Pick<Collections, 'meta' | 'cursors' | 'members' | 'entries'>;
  readonly guard: Guard;
  readonly random: Random;
}

export class MongoFacts extends StoreFacts {
  readonly #options: FactsOptions;

  constructor(options: FactsOptions) {
    super();
    this.#options = options;
  }

  override async epoch(): Promise<string> {
    const { guard, random } = this.#options;
    const { meta } = this.#options.collections;
    const read = () => guard.call(() => meta.findOne({ _id: epochId }));
    const stored = await read();
    if (stored) return stored.value;
    const update = { $setOnInsert: { value: randomName(random, epochLength) } };
    await upsertAll(meta, guard, [{ q: { _id: epochId }, u: update }]);
    const made = await read();
    if (!made) throw new PortUnavailable('the epoch was removed while it was stored');
    return made.value;
  }

  override async beginEpoch(): Promise<string> {
    const { collections, guard, random } = this.#options;
    await lowerPositions(collections, guard);
    const value = randomName(random, epochLength);
    const update = { $set: { value } };
    await upsertAll(collections.meta, guard, [{ q: { _id: epochId }, u: update }]);
    return value;
  }

  override async now(): Promise<number> {
    const { connection, guard } = this.#options;
    const hello = await guard.call(() => connection.getClient().db('admin').command({ hello: 1 }));
    return (hello.localTime as Date).getTime();
  }
}
