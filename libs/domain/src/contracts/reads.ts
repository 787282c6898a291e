/** What Reads promises: who has read what, and when for the first time. */
import { describe, expect, it } from 'vitest';
import { userKey } from '../keys.js';
import { freshName, freshUser, span } from './specimens.js';
import type { StoreSubject } from './store-subject.js';

/** Registers the suite. */
export function readsContract({ store, other }: StoreSubject): void {
  describe('Reads', () => {
    it('tells when users have read a message, and leaves out who has not', async () => {
      const now = await store().facts.now();
      const [ann, bob, cid] = [freshUser(), freshUser(), freshUser()];
      const [m1, m2] = [freshName(), freshName()];
      await store().reads.note(ann, [m1, m2], now);
      await store().reads.note(bob, [m1], now + 7);
      await store().reads.note(cid, [], now);
      expect(new Map(await other().reads.ofMessage(m1, [ann, bob, cid, ann]))).toEqual(
        new Map([
          [ann, now],
          [bob, now + 7],
        ]),
      );
      expect(new Map(await other().reads.ofMessage(m2, [ann, bob]))).toEqual(new Map([[ann, now]]));
      expect(new Map(await other().reads.ofMessage(m1, []))).toEqual(new Map());
    });

    it('keeps the first time, also for a message that is noted twice in one call', async () => {
      const now = await store().facts.now();
      const user = freshUser();
      const [m1, m2] = [freshName(), freshName()];
      await store().reads.note(user, [m1], now);
      await other().reads.note(user, [m1, m2, m2], now + 9);
      expect((await store().reads.ofMessage(m1, [user])).get(user)).toBe(now);
      expect((await store().reads.ofMessage(m2, [user])).get(user)).toBe(now + 9);
    });

    it('lets one time stay when 20 note a message at once', async () => {
      const now = await store().facts.now();
      const [user, id] = [freshUser(), freshName()];
      const seen = await Promise.all(
        span(1, 20).map(async (n) => {
          const { reads } = n % 2 ? store() : other();
          await reads.note(user, [id], now + n);
          return (await reads.ofMessage(id, [user])).get(user);
        }),
      );
      const last = (await store().reads.ofMessage(id, [user])).get(user);
      expect(last).toBeGreaterThan(now);
      for (const each of seen) expect(each).toBe(last);
    });

    it('notes 1,200 messages in one call, and tells of 1,200 users', async () => {
      const now = await store().facts.now();
      const [user, tenant, id] = [freshUser(), freshName(), freshName()];
      const ids = span(1, 1_200).map((n) => `${id}.${n}`);
      await store().reads.note(user, ids, now);
      for (const n of [0, 999, 1_000, 1_199]) {
        expect((await other().reads.ofMessage(ids[n]!, [user])).get(user)).toBe(now);
      }
      const users = [...span(1, 1_199).map((n) => userKey(tenant, `u${n}`)), user];
      expect(new Map(await other().reads.ofMessage(ids[5]!, users))).toEqual(new Map([[user, now]]));
    });

    it('forgets all of a user, and nobody whose name is like theirs', async () => {
      const now = await store().facts.now();
      const tenant = freshName();
      const users = ['u', 'u1', 'U', 'u@x', 'u.'].map((name) => userKey(tenant, name));
      const ids = [freshName(), freshName()];
      for (const user of users) await store().reads.note(user, ids, now);
      await other().reads.forget(users[0]!);
      for (const id of ids) {
        const found = await store().reads.ofMessage(id, users);
        expect([...found.keys()].sort()).toEqual(users.slice(1).sort());
      }
      await store().reads.forget(users[0]!);
    });
  });
}
