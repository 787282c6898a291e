/** The append on a model of a replica set, under every fault at once, over many seeds. */
import { type Draft, type Entry, type LogKey, userKey, userLog } from '@carillon/domain';
import { FakeClock, SeededRandom } from '@carillon/testkit';
import { describe, expect, it } from 'vitest';
import { Appender, confirmedRows } from './append.js';
import { runAppends } from './model/append-run.js';
import { type Faults, ReplicaSet } from './model/replica-set.js';

const firstSeed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const seeds = Number(process.env.SEEDS ?? 40);
const calm: Faults = {
  ...{ lost: 0, answerLost: 0, late: 0, lateMaxMs: 0, concernUnmet: 0 },
  ...{ readRefused: 0, failover: 0, outage: 0, outageMaxMs: 0, commitMaxMs: 10 },
};
const stormy: Faults = {
  ...{ lost: 0.04, answerLost: 0.06, late: 0.06, lateMaxMs: 3_000, concernUnmet: 0.08 },
  ...{ readRefused: 0.04, failover: 0.06, outage: 0.002, outageMaxMs: 15_000, commitMaxMs: 10 },
};
const log = userLog(userKey('t', 'u'));

describe(`append on a model (first of ${seeds} seeds: ${firstSeed})`, () => {
  it('leaves logs dense, moves nothing and loses nothing under every fault at once', { timeout: 120_000 }, async () => {
    let [confirmed, unconfirmed, present] = [0, 0, 0];
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      const run = await runAppends(seed, stormy);
      expect(run.faults, `seed ${seed}`).toEqual([]);
      confirmed += run.confirmed;
      unconfirmed += run.unconfirmed;
      present += run.present;
    }
    console.log({confirmed, unconfirmed, present});
    expect(confirmed).toBeGreaterThan(seeds * 50);
    expect(present).toBeGreaterThan(seeds);
  });
  it.each([
    ['reads see what is not committed', { isReadingLocal: true }],
    ['an unmet write concern is taken for met', { isHidingConcern: true }],
  ])('is seen to fail when %s', { timeout: 120_000 }, async (_, mutations) => {
    let failed = 0;
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      const r = await runAppends(seed, stormy, mutations);
      if (r.faults.length > 0) failed += 1;
    }
    console.log({failed});
    expect(failed).toBeGreaterThan(0);
  });
});
