/** What LogKeeping promises: logs age from below, without holes and without losing their head. */
import { describe, expect, it } from 'vitest';
import { type Draft, type Entry, fateOf } from '../entry.js';
import { type LogKey, topicLog, userKey, userLog } from '../keys.js';
import type { PurgeBounds } from '../ports/log-keeping.js';
import { acceptedAt, content, dayMs, draftFor, draftsFor, freshInbox, freshName, span } from './specimens.js';
import { expectWithoutContent, place, readAll, type StoreSubject, seqsOf } from './store-subject.js';

const bounds: PurgeBounds = {
  expiredBefore: acceptedAt,
  acceptedBefore: acceptedAt - 30 * dayMs,
  limit: 100,
};
const aged = { acceptedAt: acceptedAt - 40 * dayMs, expiresAt: acceptedAt - 33 * dayMs };

/** Registers the suite. */
export function logKeepingContract(subject: StoreSubject): void {
  describe('LogKeeping', () => {
    purging(subject);
    purgingInSteps(subject);
    erasing(subject);
    finding(subject);
  });
}

function purging({ store, other }: StoreSubject): void {
  it('removes what is expired and old enough, from the oldest upwards', async () => {
    const log = freshInbox();
    await place(store(), [...draftsFor(log, 5, aged), ...draftsFor(log, 2)]);
    expect(await store().keeping.purge(log, bounds)).toBe(5);
    expect(seqsOf(await readAll(other(), log))).toEqual([6, 7]);
    expect(await store().keeping.purge(log, bounds)).toBe(0);
  });

  it.each<[string, Partial<Draft>]>([
    ['not expired', { ...aged, expiresAt: acceptedAt + dayMs }],
    ['not old enough', { acceptedAt: acceptedAt - 20 * dayMs, expiresAt: acceptedAt - 19 * dayMs }],
  ])('stops at the first entry that is %s, whatever lies above it', async (_, kept) => {
    const log = freshInbox();
    await place(store(), [
      ...draftsFor(log, 2, aged),
      draftFor(log, kept),
      ...draftsFor(log, 3, aged),
      draftFor(log),
    ]);
    expect(await store().keeping.purge(log, bounds)).toBe(2);
    expect(await store().keeping.purge(log, bounds)).toBe(0);
    expect(seqsOf(await readAll(other(), log))).toEqual([3, 4, 5, 6, 7]);
  });

  it('empties the newest entry instead of removing it, so that seqs go on rising', async () => {
    const log = freshInbox();
    await place(store(), draftsFor(log, 3, { ...aged, ...content }));
    await purgeAll(log);
    const left = await readAll(other(), log);
    expect(seqsOf(left)).toEqual([3]);
    expectEmptied(left);
    expect((await other().log.heads([log])).get(log)).toBe(3);
    expect(seqsOf(await place(other(), draftsFor(log, 2)))).toEqual([4, 5]);
    expect(seqsOf(await place(store(), draftsFor(log, 1)))).toEqual([6]);
  });

  it('leaves a log that can be read from any cursor, also from one that is purged', async () => {
    const log = freshInbox();
    const entries = await place(store(), [...draftsFor(log, 5, aged), ...draftsFor(log, 6)]);
    await purgeAll(log);
    for (const after of span(0, 12)) {
      const expected = entries.filter((entry) => entry.seq > Math.max(after, 5));
      expect(await other().log.read(log, after, 3)).toEqual(expected.slice(0, 3));
      expect(await other().log.read(log, after, 100)).toEqual(expected);
    }
  });

  it('leaves nothing to be found of what it removed, and the newest entry to its retries', async () => {
    const log = freshInbox();
    const drafts = draftsFor(log, 3, aged);
    await place(store(), drafts);
    await purgeAll(log);
    for (const gone of drafts.slice(0, 2)) {
      expect(await other().log.ofMessage(gone.id)).toEqual([]);
      expect(await other().log.entryOf(gone.id, log)).toBeUndefined();
    }
    const newest = drafts[2]!;
    expect(await other().log.append([newest])).toMatchObject([{ outcome: 'present', entry: { seq: 3 } }]);
    expect(seqsOf(await readAll(store(), log))).toEqual([3]);
  });

  it.each(['superseded', 'recalled'] as const)(
    'keeps that a newest entry was %s when it empties it',
    async (mark) => {
      const log = freshInbox();
      await place(store(), draftsFor(log, 2, { ...aged, ...content }));
      await store().marks.mark(log, [2], mark);
      await purgeAll(log);
      const left = await readAll(other(), log);
      expect(left).toMatchObject([{ seq: 2, mark }]);
      expectWithoutContent(left);
    },
  );

  it('leaves a newest entry alone that is not yet due', async () => {
    const log = freshInbox();
    const entries = await place(store(), draftsFor(log, 2, content));
    await purgeAll(log);
    expect(await readAll(other(), log)).toEqual(entries);
  });

  async function purgeAll(log: LogKey): Promise<void> {
    for (let step = 0; step < 20; step++) if ((await store().keeping.purge(log, bounds)) === 0) return;
    throw new Error('purge never ended');
  }
}

function purgingInSteps({ store, other }: StoreSubject): void {
  it('leaves no hole after any of its steps, and goes on where it stopped', async () => {
    const log = freshInbox();
    await place(store(), [...draftsFor(log, 23, aged), ...draftsFor(log, 2)]);
    const removed: number[] = [];
    for (let step = 0; step < 20 && removed.at(-1) !== 0; step++) {
      const process = step % 2 ? store() : other();
      removed.push(await process.keeping.purge(log, { ...bounds, limit: 4 }));
      const total = removed.reduce((sum, count) => sum + count, 0);
      expect(seqsOf(await readAll(store(), log))).toEqual(span(total + 1, 25));
    }
    expect(removed.every((count) => count <= 4)).toBe(true);
    expect(removed.reduce((sum, count) => sum + count, 0)).toBe(23);
  });

  it('leaves no hole while several purge, append and read at once', async () => {
    const log = freshInbox();
    await place(store(), draftsFor(log, 40, aged));
    const purger = async (which: typeof store): Promise<void> => {
      for (let step = 0; step < 8; step++) await which().keeping.purge(log, { ...bounds, limit: 3 });
    };
    const writer = async (): Promise<void> => {
      for (let n = 0; n < 8; n++) await place(store(), draftsFor(log, 2));
    };
    const reader = async (): Promise<void> => {
      for (let n = 0; n < 8; n++) {
        const seqs = seqsOf(await readAll(other(), log));
        expect(seqs).toEqual(span(seqs[0]!, seqs.at(-1)!));
      }
    };
    await Promise.all([purger(store), purger(other), writer(), reader()]);
    const seqs = seqsOf(await readAll(store(), log));
    expect(seqs).toEqual(span(seqs[0]!, 56));
    expect(seqs[0]).toBeGreaterThan(1);
  });

  it('finds nothing in a log that never was', async () => {
    expect(await store().keeping.purge(freshInbox(), bounds)).toBe(0);
  });
}

function erasing({ store, other }: StoreSubject): void {
  it('leaves every place, and none with content', async () => {
    const log = freshInbox();
    await place(store(), draftsFor(log, 12, content));
    for (let time = 0; time < 2; time++) {
      await store().keeping.erase(log);
      const left = await readAll(other(), log);
      expect(seqsOf(left)).toEqual(span(1, 12));
      expectEmptied(left);
      for (const { origin } of left) expect(origin?.metadata ?? 'absent').toBe('absent');
    }
  });

  it.each(['superseded', 'recalled'] as const)('keeps that an entry was %s', async (mark) => {
    const log = freshInbox();
    await place(store(), draftsFor(log, 3, content));
    await other().marks.mark(log, [2], mark);
    await store().keeping.erase(log);
    const left = await readAll(other(), log);
    expect(left).toMatchObject([{ mark: 'emptied' }, { seq: 2, mark }, { mark: 'emptied' }]);
    expectWithoutContent(left);
  });

  it('lets seqs go on rising afterwards', async () => {
    const log = freshInbox();
    await place(store(), draftsFor(log, 3));
    await other().keeping.erase(log);
    expect((await store().log.heads([log])).get(log)).toBe(3);
    expect(seqsOf(await place(store(), draftsFor(log, 2)))).toEqual([4, 5]);
    expect(seqsOf(await readAll(other(), log))).toEqual([1, 2, 3, 4, 5]);
  });

  it('frees no place for a writer that knows an older head', async () => {
    const log = freshInbox();
    await place(store(), draftsFor(log, 3));
    await place(other(), draftsFor(log, 4));
    await other().keeping.erase(log);
    expect(seqsOf(await place(store(), draftsFor(log, 2)))).toEqual([8, 9]);
  });

  it('touches no other log, and does nothing to one that never was', async () => {
    const [log, absent] = [freshInbox(), freshInbox()];
    const entries = await place(store(), draftsFor(log, 2, content));
    await store().keeping.erase(absent);
    expect(await readAll(other(), log)).toEqual(entries);
    expect((await other().log.heads([absent])).get(absent)).toBe(0);
  });
}

function finding({ store, other }: StoreSubject): void {
  it('lists the logs with old entries in key order, in pages', async () => {
    const tenant = freshName();
    const old = ['b', 'B', 'a-b', 'c', 'a'].map((name) => userLog(userKey(tenant, name)));
    old.push(topicLog(tenant, 'z'));
    await place(store(), [
      ...old.flatMap((log) => draftsFor(log, 2, aged)),
      ...['bb', 'd'].map((name) => draftFor(userLog(userKey(tenant, name)))),
    ]);
    const expected = [...old].sort((a, b) => (a < b ? -1 : 1));
    for (const limit of [1, 4, 50]) expect(await listed(tenant, limit)).toEqual(expected);
  });

  async function listed(tenant: string, limit: number): Promise<LogKey[]> {
    const found: LogKey[] = [];
    let after = `${tenant}/` as LogKey;
    for (let page = 0; page < 20; page++) {
      const logs = await other().keeping.logsWithEntriesBefore(bounds.acceptedBefore, after, limit);
      expect(logs.length).toBeLessThanOrEqual(limit);
      const own = logs.filter((log) => log.startsWith(`${tenant}/`));
      found.push(...own);
      if (own.length < limit) return found;
      after = own.at(-1)!;
    }
    throw new Error('the pages never ended');
  }
}

function expectEmptied(entries: readonly Entry[]): void {
  expectWithoutContent(entries);
  for (const entry of entries) expect(fateOf(entry, 0)).toBe('expired');
}
