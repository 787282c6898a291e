/** What Members promises: who joined first stays as they joined, and nobody else is ever taken for them. */
import { describe, expect, it } from 'vitest';
import { type LogKey, topicLog, type UserKey, userKey } from '../keys.js';
import type { Membership } from '../ports/members.js';
import { freshName, freshTopic, freshUser, span, acceptedAt as start } from './specimens.js';
import type { StoreSubject } from './store-subject.js';

/** Registers the suite. */
export function membersContract(subject: StoreSubject): void {
  describe('Members', () => {
    joining(subject);
    leaving(subject);
    joiningUnderRaces(subject);
    listingMembers(subject);
    listingTopics(subject);
  });
}

function joining({ store, other }: StoreSubject): void {
  it('tells the memberships of users by topic, and leaves out users without one', async () => {
    const tenant = freshName();
    const [ann, bob, cid] = usersOf(tenant, ['ann', 'bob', 'cid']);
    const [a, b] = topicsOf(tenant, ['a', 'b']);
    await store().members.join([member(b!, ann!, 3), member(a!, bob!, 1), member(a!, ann!, 2)]);
    expect(new Map(await other().members.ofUsers([cid!, bob!, ann!, ann!]))).toEqual(
      new Map([
        [ann, [member(a!, ann!, 2), member(b!, ann!, 3)]],
        [bob, [member(a!, bob!, 1)]],
      ]),
    );
    expect(new Map(await other().members.ofUsers([]))).toEqual(new Map());
  });

  it('keeps the head and time of the first joining', async () => {
    const [topic, user] = [freshTopic(), freshUser()];
    const first = member(topic, user, 7);
    await store().members.join([first]);
    await other().members.join([{ ...first, head: 9, joinedAt: start + 5 }]);
    await store().members.join([{ ...first, head: 2, joinedAt: start - 5 }]);
    expect(await ofUser(user)).toEqual([first]);
  });

  it('takes the first of several joinings in one call, and the new ones beside the known', async () => {
    const [topic, second, user] = [freshTopic(), freshTopic(), freshUser()];
    await store().members.join([member(topic, user, 4)]);
    await store().members.join([member(topic, user, 8), member(second, user, 5), member(second, user, 6)]);
    expect((await ofUser(user)).map(({ head }) => head).sort((a, b) => a - b)).toEqual([4, 5]);
  });

  it('takes 1,500 members in one call, and none', async () => {
    const tenant = freshName();
    const [topic] = topicsOf(tenant, ['t']);
    const users = usersOf(
      tenant,
      span(1, 1_500).map((n) => `u${n}`),
    );
    await store().members.join(users.map((user, n) => member(topic!, user, n)));
    await store().members.join([]);
    const found = await other().members.ofUsers(users);
    expect(found.size).toBe(1_500);
    expect(users.every((user, n) => found.get(user)?.[0]?.head === n)).toBe(true);
  });

  async function ofUser(user: UserKey): Promise<readonly Membership[]> {
    return (await other().members.ofUsers([user])).get(user) ?? [];
  }
}

function leaving({ store, other }: StoreSubject): void {
  it('ends a membership and no other, and lets the user join anew', async () => {
    const tenant = freshName();
    const [ann, bob] = usersOf(tenant, ['ann', 'bob']);
    const [a, b] = topicsOf(tenant, ['a', 'b']);
    await store().members.join([member(a!, ann!, 1), member(b!, ann!, 1), member(a!, bob!, 1)]);
    await store().members.leave([member(a!, ann!, 0), member(b!, bob!, 0)]);
    expect(new Map(await other().members.ofUsers([ann!, bob!]))).toEqual(
      new Map([
        [ann, [member(b!, ann!, 1)]],
        [bob, [member(a!, bob!, 1)]],
      ]),
    );
    await other().members.join([member(a!, ann!, 9)]);
    expect((await store().members.ofUsers([ann!])).get(ann!)).toContainEqual(member(a!, ann!, 9));
    await store().members.leave([]);
  });

  it('forgets all memberships of a user, and nobody whose name is like theirs', async () => {
    const tenant = freshName();
    const users = usersOf(tenant, ['u', 'u1', 'U', 'u@x', 'u.']);
    const topics = topicsOf(tenant, ['a', 'b']);
    await store().members.join(users.flatMap((user) => topics.map((topic) => member(topic, user, 1))));
    await other().members.forget(users[0]!);
    const found = await store().members.ofUsers(users);
    expect([...found.keys()].sort()).toEqual(users.slice(1).sort());
    expect([...found.values()].every((own) => own.length === 2)).toBe(true);
    await store().members.forget(users[0]!);
  });
}

function joiningUnderRaces({ store, other }: StoreSubject): void {
  it('lets one head stay when 20 join the same user at once', async () => {
    const [topic, user] = [freshTopic(), freshUser()];
    const seen = await Promise.all(
      span(1, 20).map(async (head) => {
        const { members } = head % 2 ? store() : other();
        await members.join([member(topic, user, head)]);
        return (await members.ofUsers([user])).get(user);
      }),
    );
    const last = (await store().members.ofUsers([user])).get(user);
    expect(last).toHaveLength(1);
    for (const each of seen) expect(each).toEqual(last);
  });
}

function listingMembers({ store, other }: StoreSubject): void {
  it('lists the members of a topic in key order, in pages', async () => {
    const tenant = freshName();
    const [topic, neighbour] = topicsOf(tenant, ['t', 't.']);
    const users = usersOf(tenant, ['b', 'B', 'a-b', 'c', 'a', 'a@b', '0']);
    await store().members.join(users.map((user) => member(topic!, user, 3)));
    await store().members.join(usersOf(tenant, ['d', 'e']).map((user) => member(neighbour!, user, 1)));
    const expected = inKeyOrder(users).map((user) => member(topic!, user, 3));
    for (const limit of [1, 3, 50]) {
      const listed: Membership[] = [];
      for (let pages = 0; pages < 20; pages += 1) {
        const after = listed.at(-1)?.user;
        const page = await other().members.ofTopic(topic!, { after, limit });
        expect(page.length).toBeLessThanOrEqual(limit);
        if (page.length === 0) break;
        listed.push(...page);
      }
      expect(listed).toEqual(expected);
    }
    expect(await other().members.ofTopic(freshTopic(), { limit: 5 })).toEqual([]);
  });
}

function listingTopics({ store, other }: StoreSubject): void {
  it('lists the topics of a tenant that have members in key order, in pages', async () => {
    const tenant = freshName();
    const topics = topicsOf(tenant, ['b', 'B', 'a-b', 'c', 'a', 'a@b', '0']);
    const [ann, bob] = usersOf(tenant, ['ann', 'bob']);
    const strangers = ['x', '-', '.', '0'].map((end) => topicLog(`${tenant}${end}`, 'a'));
    await store().members.join([
      ...topics.flatMap((topic) => [member(topic, ann!, 1), member(topic, bob!, 1)]),
      ...strangers.map((topic) => member(topic, freshUser(), 1)),
    ]);
    const [deserted] = topicsOf(tenant, ['deserted']);
    await store().members.join([member(deserted!, ann!, 1)]);
    await store().members.leave([member(deserted!, ann!, 1)]);
    for (const limit of [1, 3, 50]) expect(await listed(tenant, limit)).toEqual(inKeyOrder(topics));
    expect(await listed(freshName(), 5)).toEqual([]);
  });

  async function listed(tenant: string, limit: number): Promise<LogKey[]> {
    const found: LogKey[] = [];
    for (let pages = 0; pages < 20; pages += 1) {
      const page = await other().members.topics(tenant, found.at(-1), limit);
      expect(page.length).toBeLessThanOrEqual(limit);
      if (page.length === 0) return found;
      found.push(...page);
    }
    throw new Error('the pages never ended');
  }
}

function member(topic: LogKey, user: UserKey, head: number): Membership {
  return { topic, user, head, joinedAt: start };
}

function usersOf(tenant: string, names: readonly string[]): UserKey[] {
  return names.map((name) => userKey(tenant, name));
}

function topicsOf(tenant: string, names: readonly string[]): LogKey[] {
  return names.map((name) => topicLog(tenant, name));
}

function inKeyOrder<K extends string>(keys: readonly K[]): K[] {
  return [...keys].sort((a, b) => (a < b ? -1 : 1));
}
