// Members of a replica set paused and killed: nothing is confirmed on a guess, and what was confirmed stays.
import { join } from 'node:path';
import type { Draft } from '@carillon/domain';
import type { Appended, Store } from '@carillon/domain/ports';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MongoMember, type MongoServer, startMongo } from '../../tools/services/mongo.js';
import { startFromSource } from '../../tools/source-child.js';
import { draft, logOf, openStore } from './mongo.js';
import type { PurgeOrder } from './purger.child.js';
import { pause, until } from './until.js';
import { expectKept, readDense, startWriters } from './writers.js';

const database = 'outages';
const answeredWithinMs = 6_000;
const purgerFile = join(import.meta.dirname, 'purger.child.ts');
const open = () => openStore({ url: server.url, database });
let server: MongoServer;
let store: Store;
let other: Store;

beforeAll(async () => {
  server = await startMongo({ members: 3 });
  [store, other] = await Promise.all([open(), open()]);
}, 60_000);
afterAll(async () => {
  await Promise.all([store?.close(), other?.close()]);
  await server?.stop();
}, 60_000);

it('confirms nothing while both secondaries stand still, answers in 6 s, and leaves no hole', async () => {
  const [a, b] = [logOf('paused-a'), logOf('paused-b')];
  await place(store, [draft('before-a', a), draft('before-b', b)]);
  const lists = [
    [draft('1', a), draft('2', b), draft('3', b)],
    [draft('4', a), draft('5', a), draft('6', b)],
  ] as const;
  const secondaries = await secondariesOf(server);
  for (const member of secondaries) member.pause();
  const startedAt = performance.now();
  const told = await Promise.all([store.log.append(lists[0]), other.log.append(lists[1])]);
  const tookMs = performance.now() - startedAt;
  for (const member of secondaries) member.resume();
  expect(told.flat().map(({ outcome }) => outcome)).toEqual(Array(6).fill('unconfirmed'));
  expect(tookMs).toBeLessThan(answeredWithinMs);
  await server.primary();
  await Promise.all([place(store, lists[0]), place(other, lists[1])]);
  const entries = [...(await readDense(store, a)), ...(await readDense(other, b))];
  expect(entries.map(({ id }) => id).sort()).toEqual(['1', '2', '3', '4', '5', '6', 'before-a', 'before-b']);
  for (const list of lists) {
    for (const log of [a, b]) {
      const order = list.filter((each) => each.log === log).map(({ id }) => id);
      expect(entries.filter(({ id }) => order.includes(id)).map(({ id }) => id)).toEqual(order);
    }
  }
}, 60_000);

it('answers in 6 s while the primary stands still, and finds certainty at the next one', async () => {
  const log = logOf('frozen');
  await place(store, [draft('f0', log)]);
  const primary = await server.primary();
  primary.pause();
  const startedAt = performance.now();
  const told = await Promise.all([
    store.log.append([draft('f1', log)]),
    other.log.append([draft('f2', log)]),
  ]);
  expect(performance.now() - startedAt).toBeLessThan(answeredWithinMs);
  // It wakes up with our inserts still unread, and must not carry out any of them as if nothing had happened.
  primary.resume();
  const placed = await Promise.all([place(store, [draft('f1', log)]), place(other, [draft('f2', log)])]);
  const entries = await readDense(store, log);
  expect(entries.map(({ id }) => id).sort()).toEqual(['f0', 'f1', 'f2']);
  for (const outcome of [...told.flat(), ...placed.flat()]) {
    if (outcome.outcome === 'unconfirmed') continue;
    expect(entries.find(({ id }) => id === outcome.entry.id)?.seq).toBe(outcome.entry.seq);
  }
}, 60_000);

it('keeps everything that was confirmed when the primary is killed under load', async () => {
  const logs = ['k1', 'k2', 'k3'].map(logOf);
  const order = { url: server.url, database, writers: 6, lists: 15, draftsPerListMax: 4, logs };
  const writers = startWriters(['k1', 'k2'], order);
  await until('40 lists are confirmed', () => writers.count() >= 40);
  const killed = await server.primary();
  await killed.kill();
  const [confirmations] = await Promise.all([writers.done, pause(1_500).then(() => killed.restart())]);
  expect(confirmations).toHaveLength(180);
  const entries = await expectKept(store, logs, confirmations);
  expect(entries).toHaveLength(confirmations.flatMap(({ ids }) => ids).length);
}, 60_000);

it('leaves no hole when a purge and the primary under it are killed, and goes on afterwards', async () => {
  const log = logOf('purged');
  const count = 5_000;
  await place(
    store,
    Array.from({ length: count }, (_, n) => draft(`g${n}`, log)),
  );
  const killed = await server.primary();
  const bounds = { expiredBefore: 3, acceptedBefore: 2, limit: count };
  const order: PurgeOrder = { url: server.url, database, log, bounds };
  const purger = startFromSource(purgerFile, [JSON.stringify(order)]);
  await until('300 entries are purged', async () => (await other.log.read(log, 0, 1))[0]!.seq > 300);
  purger.kill('SIGKILL');
  await killed.kill();
  await killed.restart();
  await server.primary();
  const left = await readDense(other, log);
  expect(left.length).toBeGreaterThan(1);
  expect(left.length).toBeLessThan(count);
  expect(left.at(-1)!.seq).toBe(count);
  // The new primary may have had more of the purge than was committed when we read.
  expect(await store.keeping.purge(log, bounds)).toBeLessThan(left.length);
  expect(await readDense(other, log)).toMatchObject([{ seq: count, mark: 'emptied' }]);
}, 60_000);

/** Again until nothing is unconfirmed, as a producer would. */
async function place(into: Store, drafts: readonly Draft[]): Promise<readonly Appended[]> {
  for (let attempt = 1; attempt <= 10; attempt++) {
    const outcomes = await into.log.append(drafts);
    if (outcomes.every(({ outcome }) => outcome !== 'unconfirmed')) return outcomes;
  }
  throw new Error('still unconfirmed after ten attempts');
}

async function secondariesOf({ members, primary }: MongoServer): Promise<MongoMember[]> {
  const first = await primary();
  return members.filter((member) => member !== first);
}
