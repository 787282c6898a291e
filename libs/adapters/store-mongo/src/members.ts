/** Which topics a user follows by a business system's word. The first joining stays. */
import type { LogKey, UserKey } from '@carillon/domain';
import { Members, type Membership, type MembersPage } from '@carillon/domain/ports';
import type { mongo } from 'mongoose';
import type { Guard } from './guard.js';
import { insertMissing } from './missing-rows.js';
import type { MemberRow } from './rows.js';

const usersPerQuery = 1_000;
const leavingPerCommand = 1_000;
const fields = { _id: 0, topic: 1, user: 1, head: 1, joinedAt: 1 } as const;

export class MongoMembers extends Members {
  readonly #members: mongo.Collection<MemberRow>;
  readonly #guard: Guard;

  constructor(members: mongo.Collection<MemberRow>, guard: Guard) {
    super();
    this.#members = members;
    this.#guard = guard;
  }

  override join(memberships: readonly Membership[]): Promise<void> {
    const rows = memberships.map(({ topic, user, head, joinedAt }) => ({ topic, user, head, joinedAt }));
    return insertMissing(this.#members, this.#guard, rows);
  }

  override async leave(members: readonly Pick<Membership, 'topic' | 'user'>[]): Promise<void> {
    for (let from = 0; from < members.length; from += leavingPerCommand) {
      const removals = members
        .slice(from, from + leavingPerCommand)
        .map(({ topic, user }) => ({ deleteOne: { filter: { topic, user } } }));
      await this.#guard.call(() => this.#members.bulkWrite(removals, { ordered: false }));
    }
  }

  override async ofUsers(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, readonly Membership[]>> {
    const found = new Map<UserKey, Membership[]>();
    for (let from = 0; from < users.length; from += usersPerQuery) {
      const chunk = [...new Set(users.slice(from, from + usersPerQuery))];
      const rows = await this.#guard.call(() =>
        this.#members
          .find({ user: { $in: chunk } })
          .sort({ user: 1, topic: 1 })
          .project<Membership>(fields)
          .toArray(),
      );
      for (const [user, own] of Map.groupBy(rows, (row) => row.user)) found.set(user, own);
    }
    return found;
  }

  override async ofTopic(topic: LogKey, { after, limit }: MembersPage): Promise<readonly Membership[]> {
    if (limit < 1) return [];
    const page = after === undefined ? { topic } : { topic, user: { $gt: after } };
    return this.#guard.call(() =>
      this.#members
        .find(page, { limit, batchSize: limit })
        .sort({ user: 1 })
        .project<Membership>(fields)
        .toArray(),
    );
  }

  override async topics(
    tenant: string,
    after: LogKey | undefined,
    limit: number,
  ): Promise<readonly LogKey[]> {
    if (limit < 1) return [];
    const pipeline = topicsPipeline(tenant, after, limit);
    const rows = await this.#guard.call(() =>
      this.#members.aggregate<{ readonly _id: LogKey }>(pipeline).toArray(),
    );
    return rows.map((row) => row._id);
  }

  override async forget(user: UserKey): Promise<void> {
    await this.#guard.call(() => this.#members.deleteMany({ user }));
  }
}

/** One index key per topic, however many members it has; the plan is held by a test. */
export function topicsPipeline(tenant: string, after: LogKey | undefined, limit: number): mongo.Document[] {
  // "0" is the character after "/", which no name contains: the range holds the tenant's keys and no others.
  const from = after === undefined ? { $gte: `${tenant}/` } : { $gt: after, $gte: `${tenant}/` };
  return [
    { $match: { topic: { ...from, $lt: `${tenant}0` } } },
    { $sort: { topic: 1 } },
    { $group: { _id: '$topic' } },
    { $sort: { _id: 1 } },
    { $limit: limit },
  ];
}
