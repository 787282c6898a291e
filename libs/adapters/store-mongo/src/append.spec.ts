/**
 * The append on a model of a replica set:
 * its rules one by one, then under every fault at once, over many seeds.
 */
import { type Draft, type Entry, type EntryId, type LogKey, userKey, userLog } from '@carillon/domain';
import { type Appended, PortUnavailable } from '@carillon/domain/ports';
import { FakeClock, SeededRandom } from '@carillon/testkit';
import { describe, expect, it } from 'vitest';
import { type AppendCalls, Appender, confirmedRows } from './append.js';
import { runAppends } from './append-run.fixture.js';
import { type Faults, ReplicaSet } from './replica-set.fixture.js';
import type { WriteReport } from './write-report.js';

const firstSeed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const seeds = Number(process.env.SEEDS ?? 60);
const calm: Faults = {
  ...{ lost: 0, answerLost: 0, late: 0, lateMaxMs: 0, concernUnmet: 0, readRefused: 0 },
  ...{ failover: 0, outage: 0, outageMaxMs: 0, commitMaxMs: 10 },
};
const stormy: Faults = {
  ...{ lost: 0.04, answerLost: 0.06, late: 0.06, lateMaxMs: 3_000, concernUnmet: 0.08, readRefused: 0.04 },
  ...{ failover: 0.06, outage: 0.002, outageMaxMs: 15_000, commitMaxMs: 10 },
};
const [a, b, c] = ['a', 'b', 'c'].map((name) => userLog(userKey('t', name))) as [LogKey, LogKey, LogKey];
const draft = (id: string, log: LogKey): Draft => ({ id, log, acceptedAt: 1, expiresAt: 2, event: 'e' });
const row = (id: string, seq: number): Entry => ({ ...draft(id, a), seq });

describe(`append on a model (first of ${seeds} seeds: ${firstSeed})`, () => {
  it('leaves logs dense, moves nothing and loses nothing under every fault at once', async () => {
    const total = { confirmed: 0, unconfirmed: 0, present: 0 };
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      const run = await runAppends(seed, stormy);
      expect(run.faults, `seed ${seed}`).toEqual([]);
      total.confirmed += run.confirmed;
      total.unconfirmed += run.unconfirmed;
      total.present += run.present;
    }
    // The faults did happen, and the work was done nevertheless.
    expect(total.confirmed).toBeGreaterThan(seeds * 50);
    expect(total.present).toBeGreaterThan(seeds);
    expect(total.unconfirmed).toBeGreaterThan(0);
  }, 120_000);

  it.each([
    ['reads show what is not committed', { isReadingLocal: true }],
    ['an unmet write concern is taken for met', { isHidingConcern: true }],
  ])(
    'does not hold when %s, and this suite sees it',
    async (_, mutations) => {
      const failed: number[] = [];
      for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
        const run = await runAppends(seed, stormy, mutations);
        if (run.faults.length > 0) failed.push(seed);
      }
      expect(failed).not.toEqual([]);
    },
    120_000,
  );
});

describe('the rows that a reply confirms', () => {
  const rows = [row('a', 5), row('b', 6), row('c', 7)];
  const duplicate = (index: number) => ({ index, code: 11000 });
  const confirmedIds = (reply: Partial<WriteReport>, isOrdered: boolean) =>
    confirmedRows(rows, { refused: [], isWriteConcernMet: true, ...reply }, isOrdered).map(({ id }) => id);

  it('are all of them when none was refused', () => {
    expect(confirmedIds({}, true)).toEqual(['a', 'b', 'c']);
  });
  it('end before the first refused one of an ordered command: the rest was never tried', () => {
    expect(confirmedIds({ refused: [duplicate(1)] }, true)).toEqual(['a']);
  });
  it('are those not refused of an unordered command', () => {
    expect(confirmedIds({ refused: [duplicate(1)] }, false)).toEqual(['a', 'c']);
  });
  it('are none when the write concern was not met, whatever was reported', () => {
    expect(confirmedIds({ refused: [duplicate(2)], isWriteConcernMet: false }, false)).toEqual([]);
    expect(confirmedIds({ isWriteConcernMet: false }, true)).toEqual([]);
  });
  it('are none when a row was refused for another reason than a duplicate', () => {
    expect(confirmedIds({ refused: [{ index: 2, code: 189 }] }, true)).toEqual([]);
  });
});

describe('append', () => {
  it('sends logs with one draft in one unordered command, every other log in an ordered one', async () => {
    const { append, inserts } = bench(calm);
    await append([draft('1', a), draft('2', b), draft('3', b), draft('4', c)]);
    expect(inserts.map(({ ids, isOrdered }) => [isOrdered, ...ids])).toEqual([
      [false, '1', '4'],
      [true, '2', '3'],
    ]);
  });

  it('builds upon its own last append for 10 s and asks once per call otherwise', async () => {
    const { append, asked, clock } = bench(calm);
    await append([draft('1', a), draft('2', b), draft('3', b)]);
    expect(asked).toEqual([[a, b]]);
    await clock.advance(9_000);
    await append([draft('4', a)]);
    await clock.advance(9_000);
    await append([draft('5', a), draft('6', b)]);
    expect(asked).toEqual([[a, b], [b]]);
  });

  it('answers unconfirmed at the deadline when the store is silent, and then sends no more', async () => {
    const { append, inserts, clock } = bench({ ...calm, lost: 1 });
    const start = clock.monotonic();
    expect(await append([draft('1', a)])).toEqual([{ outcome: 'unconfirmed' }]);
    expect(clock.monotonic() - start).toBe(5_000);
    const sent = inserts.length;
    await clock.advance(10_000);
    expect(inserts).toHaveLength(sent);
  });

  it('waits 1 ms after the first loss and never longer than 100 ms', async () => {
    const { append, inserts } = bench({ ...calm, lost: 1 });
    await append([draft('1', a)]);
    const waits = inserts.slice(1).map(({ at }, nth) => at - inserts[nth]!.at);
    expect(waits[0]).toBeLessThan(20);
    expect(Math.max(...waits)).toBeLessThan(120);
    expect(inserts.length).toBeGreaterThan(50);
  });

  it('asks where the log ends and what is there before it sends anything again', async () => {
    const { append, trace } = bench({ ...calm, answerLost: 1 });
    expect(await append([draft('1', a)])).toMatchObject([{ outcome: 'present', entry: { id: '1', seq: 1 } }]);
    expect(trace).toEqual(['newest', 'insert', 'newest', 'present']);
  });

  it('answers an id that is there under another seq with that entry, and goes on', async () => {
    const { append } = bench(calm);
    await append([draft('1', a), draft('2', a)]);
    expect(await append([draft('3', a), draft('1', a), draft('4', a)])).toMatchObject([
      { outcome: 'appended', entry: { seq: 3 } },
      { outcome: 'present', entry: { id: '1', seq: 1 } },
      { outcome: 'appended', entry: { id: '4', seq: 4 } },
    ]);
  });

  it('cuts a run that one command could not carry, each part upon the committed one before', async () => {
    const { append, inserts } = bench(calm);
    const small = Array.from({ length: 1_100 }, (_, n) => draft(`s${n}`, a));
    const large = Array.from({ length: 3 }, (_, n) => ({
      ...draft(`l${n}`, b),
      data: 'x'.repeat(3_000_000),
    }));
    const outcomes = await append([...small, ...large]);
    expect(outcomes.every(({ outcome }) => outcome === 'appended')).toBe(true);
    expect(inserts.map(({ ids }) => ids.length).sort((x, y) => x - y)).toEqual([1, 1, 1, 100, 500, 500]);
  });

  it('lets a fault of ours through instead of repeating it until the deadline', async () => {
    const { append } = bench(calm, { insert: () => Promise.reject(new TypeError('ours')) });
    await expect(append([draft('1', a)])).rejects.toBeInstanceOf(TypeError);
  });

  it('goes on without the first look at the bases when that is refused', async () => {
    let refusals = 1;
    const { append } = bench(calm, {
      newest: (ask) => (refusals-- > 0 ? Promise.reject(new PortUnavailable('away')) : ask()),
    });
    expect(await append([draft('1', a)])).toMatchObject([{ outcome: 'appended', entry: { seq: 1 } }]);
  });
});

interface Twists {
  readonly insert?: () => Promise<WriteReport>;
  readonly newest?: (ask: () => ReturnType<AppendCalls['newest']>) => ReturnType<AppendCalls['newest']>;
}

/** An appender on the model, with a trace of its calls; `append` lets time pass until it is answered. */
function bench(faults: Faults, twists: Twists = {}) {
  const clock = new FakeClock();
  const random = new SeededRandom(firstSeed);
  const model = new ReplicaSet({ clock, random, faults });
  const trace: string[] = [];
  const inserts: { ids: EntryId[]; isOrdered: boolean; at: number }[] = [];
  const asked: LogKey[][] = [];
  const calls: AppendCalls = {
    insert(rows, isOrdered) {
      trace.push('insert');
      inserts.push({ ids: rows.map(({ id }) => id), isOrdered, at: clock.monotonic() });
      return twists.insert?.() ?? model.insert(rows, isOrdered);
    },
    newest(logs) {
      trace.push('newest');
      asked.push([...logs]);
      const ask = () => model.newest(logs);
      return twists.newest?.(ask) ?? ask();
    },
    present(ids) {
      trace.push('present');
      return model.present(ids);
    },
  };
  const appender = new Appender({ calls, clock, random, deadlineMs: 5_000, baseCacheMs: 10_000 });
  const append = async (drafts: readonly Draft[]): Promise<Appended[]> => {
    let isOpen = true;
    const answer = appender.append(drafts).finally(() => {
      isOpen = false;
    });
    answer.catch(() => {});
    while (isOpen) await clock.advance(1);
    return answer;
  };
  return { append, inserts, asked, trace, clock };
}
