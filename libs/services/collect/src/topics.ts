/**
 * Memberships that business systems keep: who follows which topic on every device. A user who joins gets what
 * comes after; nodes hear of it at once, and in any case when they next compare.
 */
import type { MembersReply, MembersRequest, PageQuery, TopicsReply } from '@carillon/api';
import { isoTime } from '@carillon/api';
import {
  type LogKey,
  type Notice,
  subjects,
  toJsonBytes,
  topicLog,
  type UserKey,
  userKey,
  userName,
} from '@carillon/domain';
import { Bus, Clock, Members, MessageLog } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';

const pageDefault = 100;

@Injectable()
export class Topics {
  constructor(
    private readonly members: Members,
    private readonly log: MessageLog,
    private readonly bus: Bus,
    private readonly clock: Clock,
  ) {}

  /** Durable when it resolves; a user in both lists is a member afterwards. @throws PortUnavailable */
  async change(tenant: string, topic: string, { add = [], remove = [] }: MembersRequest): Promise<void> {
    const log = topicLog(tenant, topic);
    const joining = new Set(add);
    const leaving = remove.filter((user) => !joining.has(user)).map((user) => userKey(tenant, user));
    const coming = [...joining].map((user) => userKey(tenant, user));
    if (leaving.length > 0) await this.members.leave(leaving.map((user) => ({ topic: log, user })));
    if (coming.length > 0) await this.join(log, coming);
    for (const user of [...leaving, ...coming]) this.tell(user, log);
  }

  /** @throws PortUnavailable */
  async membersOf(tenant: string, topic: string, { after, limit }: PageQuery): Promise<MembersReply> {
    const count = limit === undefined ? pageDefault : Number(limit);
    const page = { limit: count + 1, ...(after === undefined ? {} : { after: userKey(tenant, after) }) };
    const found = await this.members.ofTopic(topicLog(tenant, topic), page);
    const members = found.slice(0, count).map(({ user, joinedAt }) => ({
      user: userName(user),
      joinedAt: isoTime(joinedAt),
    }));
    const last = members.at(-1);
    return { topic, members, ...(found.length > count && last ? { next: last.user } : {}) };
  }

  /** Topics that have members. @throws PortUnavailable */
  async list(tenant: string, { after, limit }: PageQuery): Promise<TopicsReply> {
    const count = limit === undefined ? pageDefault : Number(limit);
    const from = after === undefined ? undefined : topicLog(tenant, after);
    const found = await this.members.topics(tenant, from, count + 1);
    const topics = found.slice(0, count).map((log) => log.slice(`${tenant}/topic:`.length));
    const last = topics.at(-1);
    return { topics, ...(found.length > count && last !== undefined ? { next: last } : {}) };
  }

  private async join(topic: LogKey, users: readonly UserKey[]): Promise<void> {
    const head = (await this.log.heads([topic])).get(topic) ?? 0;
    const joinedAt = this.clock.now();
    await this.members.join(users.map((user) => ({ topic, user, head, joinedAt })));
  }

  private tell(user: UserKey, topic: LogKey): void {
    const notice: Notice = { type: 'membership', user, topic };
    this.bus.publish(subjects.notices, toJsonBytes(notice));
  }
}
