/**
 * What LogKeeping promises of time: what has run out is emptied, oldest first, and can be told from what
 * waits.
 */
import { describe, expect, it } from 'vitest';
import type { Draft } from '../entry.js';
import type { LogKey } from '../keys.js';
import { content, dayMs, draftFor, draftsFor, farPast, freshInbox, span } from './specimens.js';
import { expectWithoutContent, place, readAll, type StoreSubject } from './store-subject.js';

/** Registers the suite. */
export function expiryContract(subject: StoreSubject): void {
  describe('LogKeeping and time', () => {
    emptying(subject);
    emptyingUnderRaces(subject);
    telling(subject);
    tellingAgain(subject);
  });
}

function emptying(subject: StoreSubject): void {
  const { store, other } = subject;

  it('empties what ran out before the time, oldest first, up to the limit', async () => {
    const start = await quietPast(subject);
    const [a, b] = [freshInbox(), freshInbox()];
    const drafts = [3, 1, 5, 2, 4].map((at, n) =>
      draftFor(n % 2 ? a : b, { ...content, expiresAt: start + at }),
    );
    await place(store(), drafts);
    const emptied = async () => {
      const entries = [...(await readAll(other(), a)), ...(await readAll(other(), b))];
      return entries
        .filter(({ data }) => data === undefined)
        .map(({ expiresAt }) => expiresAt - start)
        .sort((x, y) => x - y);
    };
    for (const [before, limit, count, expected] of [
      [1, 10, 0, []],
      [5, 2, 2, [1, 2]],
      [5, 10, 2, [1, 2, 3, 4]],
      [5, 10, 0, [1, 2, 3, 4]],
      [6, 10, 1, [1, 2, 3, 4, 5]],
    ] as const) {
      expect(await store().keeping.emptyExpired(start + before, limit)).toBe(count);
      expect(await emptied()).toEqual(expected);
    }
  });

  it.each<[string, Partial<Draft>]>([
    ['data alone', { data: '1' }],
    ['a notification alone', { notification: '{"title":"secret"}' }],
    ['metadata alone', { origin: { fingerprint: 'f', recipients: 1, metadata: '{"secret":1}' } }],
    ['everything', content],
  ])('empties an entry with %s once, and keeps the rest of it', async (_, more) => {
    const start = await quietPast(subject);
    const log = freshInbox();
    const { data: __, ...bare } = draftFor(log, { collapseKey: 'k', expiresAt: start });
    const [entry] = await place(store(), [{ ...bare, ...more }]);
    expect(await readAll(other(), log)).toEqual([entry]);
    expect(await store().keeping.emptyExpired(start + 1, 10)).toBe(1);
    expect(await store().keeping.emptyExpired(start + 1, 10)).toBe(0);
    const left = await readAll(other(), log);
    const { data: _d, notification: _n, origin, ...kept } = entry!;
    expect(left).toMatchObject([
      { ...kept, mark: 'emptied', ...(origin ? { origin: { fingerprint: 'f' } } : {}) },
    ]);
    expectWithoutContent(left);
  });

  it('has nothing to do with an entry that never had content', async () => {
    const start = await quietPast(subject);
    const { data: _, ...bare } = draftFor(freshInbox(), { expiresAt: start });
    const entries = await place(store(), [{ ...bare, origin: { fingerprint: 'f', recipients: 1 } }]);
    expect(await store().keeping.emptyExpired(start + 1, 10)).toBe(0);
    expect(await readAll(other(), bare.log)).toEqual(entries);
  });

  it('keeps every mark that was set before', async () => {
    const start = await quietPast(subject);
    const log = freshInbox();
    await place(store(), draftsFor(log, 3, { ...content, expiresAt: start }));
    await store().marks.mark(log, [1], 'superseded');
    await store().marks.mark(log, [2], 'recalled');
    expect(await other().keeping.emptyExpired(start + 1, 10)).toBe(2);
    const left = await readAll(store(), log);
    expect(left.map(({ mark }) => mark)).toEqual(['superseded', 'recalled', 'emptied']);
    expectWithoutContent(left);
  });
}

function emptyingUnderRaces(subject: StoreSubject): void {
  const { store, other } = subject;

  it('empties everything when several do it at once', async () => {
    const start = await quietPast(subject);
    const log = freshInbox();
    await place(store(), draftsFor(log, 60, { ...content, expiresAt: start }));
    const work = async (which: typeof store) => {
      for (let step = 0; step < 200; step += 1) {
        if ((await which().keeping.emptyExpired(start + 1, 7)) === 0) return;
      }
      throw new Error('emptying never ended');
    };
    await Promise.all([work(store), work(other), work(store)]);
    const left = await readAll(other(), log);
    expect(left).toHaveLength(60);
    expectWithoutContent(left);
  });
}

function telling({ store, other }: StoreSubject): void {
  const now = 1_800_000_000_000;
  const [dead, live] = [now, now + 1];

  it.each<[string, number[], number]>([
    ['the last entry before the first that is live', [dead, dead, live, dead, live], 2],
    ['0 when the first is live', [live, dead], 0],
    ['the head when all have run out', [dead, dead - 5, dead], 3],
  ])('tells %s', async (_, expiries, expected) => {
    const log = freshInbox();
    await place(
      store(),
      expiries.map((expiresAt) => draftFor(log, { expiresAt })),
    );
    expect(await told(log, now)).toBe(expected);
  });

  it('passes over what is marked, however long it would live', async () => {
    const log = freshInbox();
    await place(store(), draftsFor(log, 5));
    expect(await told(log, now)).toBe(0);
    for (const [seq, mark] of [
      [1, 'superseded'],
      [2, 'recalled'],
      [3, 'emptied'],
      [5, 'recalled'],
    ] as const) {
      await store().marks.mark(log, [seq], mark);
    }
    expect(await told(log, now)).toBe(3);
    await store().marks.mark(log, [4], 'recalled');
    expect(await told(log, now)).toBe(5);
  });

  it('counts a purged prefix as past', async () => {
    const [log, erased] = [freshInbox(), freshInbox()];
    const aged = { acceptedAt: now - 40 * dayMs, expiresAt: now - 33 * dayMs };
    await place(store(), [...draftsFor(log, 4, aged), ...draftsFor(log, 2), ...draftsFor(erased, 3)]);
    const bounds = { expiredBefore: now, acceptedBefore: now - 30 * dayMs, limit: 100 };
    expect(await store().keeping.purge(log, bounds)).toBe(4);
    await store().keeping.erase(erased);
    expect([await told(log, now), await told(erased, now)]).toEqual([4, 3]);
  });

  it('tells of many logs at once, 0 for those that never were', async () => {
    const logs = span(1, 60).map(() => freshInbox());
    await place(
      store(),
      logs.flatMap((log, n) => [...draftsFor(log, n % 4, { expiresAt: dead }), ...draftsFor(log, n % 3)]),
    );
    const found = new Map(await other().keeping.newestExpired(logs, now));
    expect(found).toEqual(new Map(logs.map((log, n) => [log, n % 4])));
    expect(new Map(await other().keeping.newestExpired([], now))).toEqual(new Map());
  });

  async function told(log: LogKey, at: number): Promise<number | undefined> {
    return (await other().keeping.newestExpired([log], at)).get(log);
  }
}

function tellingAgain({ store, other }: StoreSubject): void {
  it('rises with the time and with what is appended, and answers for an earlier time too', async () => {
    const log = freshInbox();
    await place(
      store(),
      span(1, 10).map((n) => draftFor(log, { expiresAt: n * 10 })),
    );
    const told = async (now: number) => (await other().keeping.newestExpired([log], now)).get(log);
    for (const [now, expected] of [
      [45, 4],
      [50, 5],
      [1_000, 10],
      [20, 2],
      [1_000, 10],
    ] as const) {
      expect(await told(now)).toBe(expected);
    }
    await place(store(), [draftFor(log, { expiresAt: 5 }), draftFor(log)]);
    expect(await told(1_000)).toBe(11);
    expect(await told(20)).toBe(2);
  });
}

/** A time of long ago before which nothing is left to be emptied. */
async function quietPast({ store }: StoreSubject): Promise<number> {
  const start = farPast();
  for (let step = 0; step < 1_000; step += 1) {
    if ((await store().keeping.emptyExpired(start + dayMs / 2, 1_000)) === 0) return start;
  }
  throw new Error('emptying never ended');
}
