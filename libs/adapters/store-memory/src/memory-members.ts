/** Memberships in memory. Who joins again keeps the first head. */
import { type LogKey, tenantOf, type UserKey } from '@carillon/domain';
import { Members, type Membership, type MembersPage } from '@carillon/domain/ports';
import type { MemoryAccess } from './memory-data.js';
import { byCodeUnits } from './memory-log.js';

/** Members over maps. */
export class MemoryMembers extends Members {
  constructor(private readonly access: MemoryAccess) {
    super();
  }

  override async join(memberships: readonly Membership[]): Promise<void> {
    const { members } = this.access.data;
    for (const membership of memberships) {
      const topics = members.get(membership.user) ?? new Map<LogKey, Membership>();
      members.set(membership.user, topics.set(membership.topic, topics.get(membership.topic) ?? membership));
    }
  }

  override async leave(gone: readonly Pick<Membership, 'topic' | 'user'>[]): Promise<void> {
    const { members } = this.access.data;
    for (const { topic, user } of gone) {
      members.get(user)?.delete(topic);
      if (members.get(user)?.size === 0) members.delete(user);
    }
  }

  override async ofUsers(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, readonly Membership[]>> {
    const { members } = this.access.data;
    const found = new Map<UserKey, readonly Membership[]>();
    for (const user of users) {
      const topics = members.get(user);
      if (topics)
        found.set(
          user,
          [...topics.values()].sort((a, b) => byCodeUnits(a.topic, b.topic)),
        );
    }
    return found;
  }

  override async ofTopic(topic: LogKey, { after, limit }: MembersPage): Promise<readonly Membership[]> {
    return this.all()
      .filter((each) => each.topic === topic && (after === undefined || each.user > after))
      .sort((a, b) => byCodeUnits(a.user, b.user))
      .slice(0, limit);
  }

  override async topics(
    tenant: string,
    after: LogKey | undefined,
    limit: number,
  ): Promise<readonly LogKey[]> {
    const topics = new Set(this.all().map(({ topic }) => topic));
    return [...topics]
      .filter((topic) => tenantOf(topic) === tenant && (after === undefined || topic > after))
      .sort(byCodeUnits)
      .slice(0, limit);
  }

  override async forget(user: UserKey): Promise<void> {
    this.access.data.members.delete(user);
  }

  private all(): Membership[] {
    return [...this.access.data.members.values()].flatMap((topics) => [...topics.values()]);
  }
}
