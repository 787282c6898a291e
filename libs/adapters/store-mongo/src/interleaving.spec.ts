/**
 * What happens between the look and the update of one call, on a real server: another process gets in, at the
 * worst moment, every time.
 */
import { type LogKey, userKey, userLog } from '@carillon/domain';
import { MachineClock } from '@carillon/testkit';
import type { mongo } from 'mongoose';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { Guard } from './guard.js';
import { MongoLogKeeping } from './log-keeping.js';
import { MongoMarks } from './marks.js';
import { type RawDatabase, rawDatabase } from './raw-database.fixture.js';
import type { EntryRow } from './rows.js';

let guard: Guard;
const log = userLog(userKey('t', 'ann'));
let raw: RawDatabase;

beforeAll(async () => {
  raw = await rawDatabase(inject('mongoUrl'), `interleaving_${process.pid}_${Date.now()}`);
  guard = new Guard(raw.db, new MachineClock(), 6_000);
});
afterAll(() => raw.dropAndClose());

it('tells nothing as superseded that was recalled after it was found', async () => {
  const entries = await collectionOf('recalled', 4);
  const between = once(() => new MongoMarks(entries, guard).mark(log, [2], 'recalled'));
  const told = await new MongoMarks(beforeUpdates(entries, between), guard).supersede(log, 'k', 4);
  expect(told).toEqual([1, 3]);
  expect(await marksIn(entries)).toEqual(['superseded', 'recalled', 'superseded', undefined]);
});

it('looks again when another has emptied all that it had found', async () => {
  const entries = await collectionOf('emptied', 4);
  const between = once(async () => {
    expect(await new MongoLogKeeping(entries, guard).emptyExpired(100, 2)).toBe(2);
  });
  const keeping = new MongoLogKeeping(beforeUpdates(entries, between), guard);
  expect(await keeping.emptyExpired(100, 2)).toBe(2);
  expect(await marksIn(entries)).toEqual(Array(4).fill('emptied'));
  expect(await keeping.emptyExpired(100, 2)).toBe(0);
});

async function collectionOf(name: string, count: number): Promise<mongo.Collection<EntryRow>> {
  const entries = raw.db.collection<EntryRow>(name);
  const rows = Array.from({ length: count }, (_, n) => rowOf(log, n + 1));
  await entries.insertMany(rows);
  return entries;
}

function rowOf(key: LogKey, seq: number): EntryRow {
  return {
    ...{ _id: `m${seq}`, log: key, seq, acceptedAt: 1, expiresAt: seq },
    ...{ event: 'e', data: '1', collapseKey: 'k' },
  };
}

async function marksIn(entries: mongo.Collection<EntryRow>): Promise<(string | undefined)[]> {
  const rows = await entries.find({}).sort({ seq: 1 }).toArray();
  return rows.map(({ mark }) => mark);
}

/** The same collection, for a process that is overtaken before each of its updates. */
function beforeUpdates(
  entries: mongo.Collection<EntryRow>,
  overtake: () => Promise<void>,
): mongo.Collection<EntryRow> {
  return new Proxy(entries, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        const call = (): unknown => Reflect.apply(member, target, args);
        return name === 'updateMany' ? overtake().then(call) : call();
      };
    },
  });
}

function once(task: () => Promise<void>): () => Promise<void> {
  let isDone = false;
  return async () => {
    if (isDone) return;
    isDone = true;
    await task();
  };
}
