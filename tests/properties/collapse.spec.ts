// Which entries give way to a newer one of their collapse key, and that nothing else ever does.
import { type Entry, type LogKey, type Mark, readDoorbells, subjects, toJsonBytes } from '@carillon/domain';
import type { Appended } from '@carillon/domain/ports';
import { MemoryStore } from '@carillon/store-memory';
import { draft, FakeClock, inbox, memoryPorts } from '@carillon/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Collapsing } from '../../libs/services/collect/src/collapsing.js';
import { collectParts } from '../../libs/services/collect/src/collect.fixture.js';

const logs: readonly LogKey[] = [inbox('ann'), inbox('bob')];
const keys = ['a', 'b', undefined] as const;
const entriesMax = 40;

const anyLogIndex = fc.nat(logs.length - 1);
const anyPosted = fc.record({ log: anyLogIndex, key: fc.constantFrom(...keys) });
type Posted = typeof anyPosted extends fc.Arbitrary<infer T> ? T : never;
const anyPosts = fc.array(anyPosted, { minLength: 1, maxLength: entriesMax });
const anyMarking = fc.record({
  log: anyLogIndex,
  seq: fc.integer({ min: 1, max: 20 }),
  mark: fc.constantFrom<Mark>('superseded', 'recalled', 'emptied'),
});
const anyCollapse = fc.record({
  log: anyLogIndex,
  key: fc.constantFrom('a', 'b'),
  seq: fc.integer({ min: 0, max: entriesMax + 1 }),
});

const draftOf = ({ log, key }: Posted, at: number) =>
  draft({ id: `m${at}`, log: logs[log] as LogKey, ...(key === undefined ? {} : { collapseKey: key }) });

/** A store with these entries, some of them marked already. */
async function storeOf(
  posts: readonly Posted[],
  markings: readonly { log: number; seq: number; mark: Mark }[],
) {
  const store = await MemoryStore.open({ clock: new FakeClock() });
  await store.log.append(posts.map(draftOf));
  for (const { log, seq, mark } of markings) await store.marks.mark(logs[log] as LogKey, [seq], mark);
  return store;
}

/** All that is in the logs. */
async function contents(store: Pick<MemoryStore, 'log'>): Promise<readonly Entry[]> {
  return (await Promise.all(logs.map((log) => store.log.read(log, 0, entriesMax)))).flat();
}

const anyWorld = fc.tuple(anyPosts, fc.array(anyMarking, { maxLength: 6 }));

describe('a collapse in the store', () => {
  it('marks what is older, of its key and log and without a mark, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(anyWorld, anyCollapse, async (world, { log: index, key, seq }) => {
        const store = await storeOf(...world);
        const log = logs[index] as LogKey;
        const before = await contents(store);
        const gives = (entry: Entry) =>
          entry.log === log && entry.collapseKey === key && entry.seq < seq && entry.mark === undefined;
        const marked = await store.marks.supersede(log, key, seq);
        expect(marked).toEqual(before.filter(gives).map((entry) => entry.seq));
        expect(await contents(store)).toEqual(
          before.map((entry) => (gives(entry) ? { ...entry, mark: 'superseded' } : entry)),
        );
      }),
    );
  });

  it('done again, or for a lower seq of the same key, changes nothing more', async () => {
    await fc.assert(
      fc.asyncProperty(anyWorld, anyCollapse, fc.nat(entriesMax), async (world, { log, key, seq }, less) => {
        const store = await storeOf(...world);
        const name = logs[log] as LogKey;
        await store.marks.supersede(name, key, seq);
        const after = await contents(store);
        expect(await store.marks.supersede(name, key, seq)).toEqual([]);
        expect(await store.marks.supersede(name, key, Math.max(0, seq - less))).toEqual([]);
        expect(await contents(store)).toEqual(after);
      }),
    );
  });

  it('ends the same in whatever order collapses come, and each entry is told of once', async () => {
    const anyOrders = fc
      .array(anyCollapse, { maxLength: 8 })
      .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));
    await fc.assert(
      fc.asyncProperty(anyWorld, anyOrders, async (world, orders) => {
        const ends: (readonly Entry[])[] = [];
        for (const order of orders) {
          const store = await storeOf(...world);
          const told: string[] = [];
          for (const { log, key, seq } of order) {
            const marked = await store.marks.supersede(logs[log] as LogKey, key, seq);
            told.push(...marked.map((one) => `${log} ${one}`));
          }
          expect(new Set(told).size).toBe(told.length);
          ends.push(await contents(store));
        }
        expect(ends[1]).toEqual(ends[0]);
      }),
    );
  });
});

/** Collect's collapsing, and a Dispatch that hears which entries were marked. */
async function collector() {
  const ports = await memoryPorts();
  const { clock, store, bus } = ports;
  const { doorbells, deadlines } = collectParts(ports);
  const rung: string[] = [];
  bus.subscribe(subjects.dispatch('d1'), (message) => {
    const bells = readDoorbells(message.data);
    rung.push(...bells.map(({ kind, log, seq }) => `${kind} ${log} ${seq}`));
    message.reply(toJsonBytes({ entries: bells.length, refused: 0 }));
  });
  bus.publish(subjects.dispatchAnnouncements, toJsonBytes({ id: 'd1' }));
  await clock.advance(0);
  const collapsing = new Collapsing(store.marks, doorbells);
  const supersede = (appended: readonly Appended[]) => collapsing.supersede(appended, deadlines.begin());
  return { clock, store, rung, supersede };
}

/** What becomes of a call: one call may hold several entries of one key. */
const anyCalls = fc.array(
  fc.record({
    posts: fc.oneof(
      { weight: 3, arbitrary: fc.array(anyPosted, { minLength: 1, maxLength: 12 }) },
      // More than Collect marks at once.
      { weight: 1, arbitrary: fc.array(anyPosted, { minLength: 20, maxLength: 40 }) },
    ),
    isUnconfirmed: fc.boolean(),
    /** Another call comes again after it, as a retry would: its entries are present. */
    again: fc.option(fc.nat(8), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 8 },
);

it('Collect leaves of every key the newest that was told of, and rings what gave way once', async () => {
  await fc.assert(
    fc.asyncProperty(anyCalls, async (calls) => {
      const { clock, store, rung, supersede } = await collector();
      const done: (readonly Appended[])[] = [];
      const newest = new Map<string, number>();
      let count = 0;
      for (const { posts, isUnconfirmed, again } of calls) {
        const appended = await store.log.append(posts.map((post) => draftOf(post, count++)));
        const told = appended.map((each) => (isUnconfirmed ? ({ outcome: 'unconfirmed' } as const) : each));
        done.push(told);
        await supersede(told);
        const earlier = again === undefined ? undefined : done[again % done.length];
        if (earlier) await supersede(earlier);
        for (const each of told) {
          if (each.outcome !== 'unconfirmed')
            newest.set(`${each.entry.log} ${each.entry.collapseKey}`, each.entry.seq);
        }
      }
      await clock.advance(0);
      const entries = (await Promise.all(logs.map((log) => store.log.read(log, 0, count)))).flat();
      const gone = entries.filter(
        ({ log, seq, collapseKey }) =>
          collapseKey !== undefined && seq < (newest.get(`${log} ${collapseKey}`) ?? 0),
      );
      expect(entries.filter(({ mark }) => mark === 'superseded')).toEqual(gone);
      expect(rung.toSorted()).toEqual(gone.map(({ log, seq }) => `superseded ${log} ${seq}`).toSorted());
    }),
    { numRuns: 60 },
  );
});
