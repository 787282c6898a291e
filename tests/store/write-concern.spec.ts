// A write concern that is not met in time hides which rows were refused: none of them may be taken for
// inserted. The set keeps its primary for so long without a majority
// that the write concern's own time-out comes first.
import type { Draft, LogKey } from '@carillon/domain';
import type { Store } from '@carillon/domain/ports';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MongoServer, startMongo } from '../../tools/services/mongo.js';
import { draft, logOf, openStore } from './mongo.js';
import { readDense } from './writers.js';

const database = 'write_concern';
const writeTimeoutMs = 3_000;
const pausedMs = 3_400;
const logs = ['a', 'b'].map(logOf) as [LogKey, LogKey];
const warmLog = logOf('warm');
const inserts: number[] = [];
let server: MongoServer;
let stores: Store[];

beforeAll(async () => {
  server = await startMongo({ members: 3, electionTimeoutMs: 5_000 });
  const open = () =>
    openStore({
      url: server.url,
      database,
      onCommand: (name) => {
        if (name === 'insert') inserts.push(performance.now());
      },
    });
  stores = await Promise.all([open(), open(), open()]);
}, 60_000);
afterAll(async () => {
  await Promise.all((stores ?? []).map((store) => store.close()));
  await server?.stop();
}, 60_000);

it('finds out what became of rows whose duplicates a writeConcernError has hidden', async () => {
  const primary = await server.primary();
  const secondaries = server.members.filter((member) => member !== primary);
  // Connections are there; the logs themselves are new, so that all begin with the same bases.
  await Promise.all(stores.map((store, n) => store.log.append([draft(`warm${n}`, warmLog)])));
  inserts.length = 0;
  for (const member of secondaries) member.pause();
  const startedAt = performance.now();
  const resumed = new Promise<void>((resolve) => {
    setTimeout(() => {
      for (const member of secondaries) member.resume();
      resolve();
    }, pausedMs);
  });
  // Of three rows for one place two are refused, and nobody is told.
  const told = await Promise.all(stores.map((store, n) => store.log.append(draftsOf(n))));
  await resumed;
  const early = inserts.filter((at) => at - startedAt < writeTimeoutMs - 500);
  expect(early.length, 'every first insert waited for its write concern').toBe(stores.length * 2);
  for (const log of logs) {
    const entries = await readDense(stores[0]!, log);
    const seqOf = new Map(entries.map(({ id, seq }) => [id, seq]));
    for (const outcome of told.flat()) {
      if (outcome.outcome === 'unconfirmed' || outcome.entry.log !== log) continue;
      expect(seqOf.get(outcome.entry.id)).toBe(outcome.entry.seq);
    }
  }
  expect(told.flat().some(({ outcome }) => outcome !== 'unconfirmed')).toBe(true);
  // Whatever was left open can be brought to its end.
  const again = await Promise.all(stores.map((store, n) => store.log.append(draftsOf(n))));
  expect(again.flat().filter(({ outcome }) => outcome === 'unconfirmed')).toEqual([]);
  expect(await readDense(stores[0]!, logs[0])).toHaveLength(3);
  expect(await readDense(stores[0]!, logs[1])).toHaveLength(6);
}, 60_000);

/** One draft for the first log and a run for the second: one command each. */
function draftsOf(writer: number): Draft[] {
  return [draft(`a${writer}`, logs[0]), draft(`b${writer}`, logs[1]), draft(`c${writer}`, logs[1])];
}
