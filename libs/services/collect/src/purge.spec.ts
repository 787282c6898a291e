// What expired long ago goes, what must stay stays, whatever the store does meanwhile.
import { parameters } from '@carillon/domain';
import { Metrics } from '@carillon/platform';
import { draft, type FakeClock, FaultyStore, inbox, memoryPorts, type SeededRandom } from '@carillon/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { CollectMetrics } from './collect-metrics.js';
import { Purge } from './purge.js';

const hourMs = 3_600_000;
const logs = ['a', 'b', 'c'].map((name) => inbox(name));

let clock: FakeClock;
let random: SeededRandom;
let store: FaultyStore;
let registry: Metrics;
let trust: { isTrusted: boolean };
let purge: Purge;

beforeEach(async () => {
  const ports = await memoryPorts();
  ({ clock, random, trust } = ports);
  store = new FaultyStore(ports.store);
  registry = new Metrics();
  purge = new Purge(store.keeping, clock, trust, random, new CollectMetrics(registry));
});

/** So many entries in each log, with this time to live. */
async function append(name: string, count: number, ttlMs = hourMs): Promise<void> {
  const acceptedAt = clock.now();
  const drafts = logs.flatMap((log) =>
    Array.from({ length: count }, (_, at) =>
      draft({ id: `msg_${name}${at}@${log}`, log, acceptedAt, expiresAt: acceptedAt + ttlMs }),
    ),
  );
  await store.log.append(drafts);
}

async function seqs(): Promise<number[][]> {
  const entries = await Promise.all(logs.map((log) => store.log.read(log, 0, 5_000)));
  return entries.map((rows) => rows.map((row) => row.seq));
}

describe('a purge', () => {
  it('removes what has expired 30 days ago, but never the newest entry of a log', async () => {
    await append('old', 3);
    await clock.advance(parameters.purgeAfterMs + 2 * hourMs);
    await purge.round();
    expect(await seqs()).toEqual([[3], [3], [3]]);
    expect(await registry.text()).toContain('carillon_purged_entries_total 6');
  });

  it('leaves alone what is younger, and what comes after it', async () => {
    await append('old', 2);
    await clock.advance(parameters.purgeAfterMs - hourMs);
    await append('young', 2);
    await purge.round();
    expect(await seqs()).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ]);
    await clock.advance(3 * hourMs);
    await purge.round();
    expect(await seqs()).toEqual([
      [3, 4],
      [3, 4],
      [3, 4],
    ]);
  });

  it('goes on until a long log is done', async () => {
    await append('old', 2_500);
    await clock.advance(parameters.purgeAfterMs + 2 * hourMs);
    await purge.round();
    expect(await seqs()).toEqual([[2_500], [2_500], [2_500]]);
  });

  it('comes again each hour, and waits for a store that is away', async () => {
    await append('old', 2);
    purge.onApplicationBootstrap();
    await clock.advance(parameters.purgeAfterMs + hourMs - 1);
    expect(await seqs()).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    store.isAway = true;
    await clock.advance(2 * hourMs);
    store.isAway = false;
    await clock.advance(hourMs);
    expect(await seqs()).toEqual([[2], [2], [2]]);
    purge.onApplicationShutdown();
  });

  it('touches nothing while the clock cannot be believed, and goes on when it can', async () => {
    await append('old', 2);
    await clock.advance(parameters.purgeAfterMs + 2 * hourMs);
    trust.isTrusted = false;
    await purge.round();
    expect(await seqs()).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    expect((await store.log.read(logs[0]!, 0, 1))[0]?.data).toBeDefined();
    trust.isTrusted = true;
    await purge.round();
    expect(await seqs()).toEqual([[2], [2], [2]]);
  });

  it('ends when it is stopped', async () => {
    await append('old', 2);
    await clock.advance(parameters.purgeAfterMs + 2 * hourMs);
    purge.onApplicationShutdown();
    await purge.round();
    expect(await seqs()).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
  });
});
