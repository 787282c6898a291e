/** What StoreFacts promises. */
import { describe, expect, it } from 'vitest';
import { deviceKey, userLog } from '../keys.js';
import { draftFor, draftsFor, freshInbox, freshTopic, freshUser } from './specimens.js';
import { place, type StoreSubject } from './store-subject.js';

/** Registers the suite. */
export function storeFactsContract({ store, other }: StoreSubject): void {
  describe('StoreFacts', () => {
    it('has one epoch, whoever asks and whatever is written', async () => {
      const epochs = await Promise.all([store(), other(), store()].map((each) => each.facts.epoch()));
      await place(store(), [draftFor(freshInbox())]);
      epochs.push(await other().facts.epoch());
      expect(epochs[0]).toMatch(/./);
      expect(new Set(epochs).size).toBe(1);
    });

    it('begins another epoch when told to, for everybody', async () => {
      const before = await other().facts.epoch();
      const begun = [await store().facts.beginEpoch(), await other().facts.beginEpoch()];
      expect(new Set([before, ...begun]).size).toBe(3);
      expect([await store().facts.epoch(), await other().facts.epoch()]).toEqual([begun[1], begun[1]]);
    });

    it('leaves no position above the head of its log in a new epoch, and lowers no other', async () => {
      const user = freshUser();
      const device = deviceKey(user, 'd');
      const [log, topic, empty] = [userLog(user), freshTopic(), freshTopic()];
      await place(store(), [...draftsFor(log, 3), ...draftsFor(topic, 5)]);
      const moves = [
        { device, log, seq: 2 },
        { device, log: topic, seq: 6 },
        { device, log: empty, seq: 1 },
      ];
      await store().cursors.begin(moves);
      await store().members.join([
        { topic, user, head: 9, joinedAt: 1 },
        { topic: log, user, head: 3, joinedAt: 1 },
      ]);
      await store().facts.beginEpoch();
      const loaded = await other().cursors.load(device, [log, topic, empty]);
      expect([log, topic, empty].map((each) => loaded.get(each))).toEqual([2, 5, 0]);
      const heads = (await other().members.ofUsers([user])).get(user)?.map((each) => [each.topic, each.head]);
      expect(new Map(heads as [string, number][])).toEqual(
        new Map([
          [topic, 5],
          [log, 3],
        ] as [string, number][]),
      );
    });

    it('tells the time in whole epoch milliseconds, not backwards', async () => {
      const first = await store().facts.now();
      const second = await store().facts.now();
      expect(Number.isSafeInteger(first)).toBe(true);
      expect(first).toBeGreaterThan(1_600_000_000_000);
      expect(second).toBeGreaterThanOrEqual(first);
    });
  });
}
