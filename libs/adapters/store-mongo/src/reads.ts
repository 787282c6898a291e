/** Which messages a user has read. The first time stays; rows vanish 30 days after it. */
import type { UserKey } from '@carillon/domain';
import { Reads } from '@carillon/domain/ports';
import type { mongo } from 'mongoose';
import type { Guard } from './guard.js';
import { insertMissing } from './missing-rows.js';
import { type ReadRow, readId } from './rows.js';

const usersPerQuery = 1_000;

export class MongoReads extends Reads {
  readonly #reads: mongo.Collection<ReadRow>;
  readonly #guard: Guard;

  constructor(reads: mongo.Collection<ReadRow>, guard: Guard) {
    super();
    this.#reads = reads;
    this.#guard = guard;
  }

  override note(user: UserKey, messageIds: readonly string[], at: number): Promise<void> {
    const rows = [...new Set(messageIds)].map((message) => ({
      ...{ _id: readId(user, message), user, at: new Date(at) },
    }));
    return insertMissing(this.#reads, this.#guard, rows);
  }

  override async ofMessage(
    messageId: string,
    users: readonly UserKey[],
  ): Promise<ReadonlyMap<UserKey, number>> {
    const found = new Map<UserKey, number>();
    for (let from = 0; from < users.length; from += usersPerQuery) {
      const ids = users.slice(from, from + usersPerQuery).map((user) => readId(user, messageId));
      const rows = await this.#guard.call(() => this.#reads.find({ _id: { $in: ids } }).toArray());
      for (const { user, at } of rows) found.set(user, at.getTime());
    }
    return found;
  }

  override async forget(user: UserKey): Promise<void> {
    // "A" is the character after "@". The range also holds users whose names go on with "@": the field tells
    // them apart.
    const range = { $gte: `${user}@`, $lt: `${user}A` };
    await this.#guard.call(() => this.#reads.deleteMany({ _id: range, user }));
  }
}
