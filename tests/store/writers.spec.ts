// Many processes on one replica set of three members, all of them well.
import { userKey } from '@carillon/domain';
import type { Store } from '@carillon/domain/ports';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MongoServer, startMongo } from '../../tools/services/mongo.js';
import { draft, logOf, openStore } from './mongo.js';
import { until } from './until.js';
import type { Confirmation } from './writer.child.js';
import { expectKept, readInPages, startWriters } from './writers.js';

interface SentCommand {
  readonly name: string;
  readonly command: Readonly<Record<string, unknown>>;
}

const database = 'writers';
const processes = ['p1', 'p2', 'p3', 'p4', 'p5'];
const sent: SentCommand[] = [];
let server: MongoServer;
let store: Store;

beforeAll(async () => {
  server = await startMongo({ members: 3 });
  store = await openStore({
    url: server.url,
    database,
    onCommand: (name, command) => sent.push({ name, command }),
  });
}, 60_000);
afterAll(async () => {
  await store?.close();
  await server?.stop();
}, 60_000);

describe('50 writers in 5 processes', () => {
  it('fill one log without a hole, also where runs are partly refused among foreign entries', async () => {
    const log = logOf('one');
    const order = { url: server.url, database, writers: 10, lists: 2, draftsPerListMax: 4, logs: [log] };
    const confirmations = await startWriters(processes, { ...order, isSharing: true }).done;
    expect(confirmations).toHaveLength(100);
    const entries = await expectKept(store, [log], confirmations);
    expect(entries).toHaveLength(new Set(confirmations.flatMap(({ ids }) => ids)).size);
    expect(confirmations.some(isPartlyRefused), 'a run was partly refused').toBe(true);
    const length = entries.length;
    for (const after of [0, 1, Math.floor(length / 2), length - 1, length, length + 9]) {
      expect(await readInPages(store, log, { after, limit: 7 })).toEqual(entries.slice(after));
    }
  }, 60_000);

  it('spread over logs that they name in any order', async () => {
    const logs = ['a', 'b', 'c', 'd'].map(logOf);
    const order = { url: server.url, database, writers: 10, lists: 1, draftsPerListMax: 6, logs };
    const confirmations = await startWriters(
      processes.map((name) => `s${name}`),
      order,
    ).done;
    const entries = await expectKept(store, logs, confirmations);
    expect(entries).toHaveLength(confirmations.flatMap(({ ids }) => ids).length);
  }, 60_000);

  it('get one entry when all bring the same id at once', async () => {
    const log = logOf('same');
    const order = { url: server.url, database, writers: 10, lists: 1, draftsPerListMax: 1, logs: [log] };
    const confirmations = await startWriters(processes, { ...order, sharedId: 'same' }).done;
    const places = confirmations.flatMap((confirmation) => confirmation.places);
    expect(places).toHaveLength(50);
    expect(new Set(places.map(({ seq }) => seq))).toEqual(new Set([1]));
    expect(places.filter(({ outcome }) => outcome === 'appended').length).toBeLessThanOrEqual(1);
    expect(await readInPages(store, log, { after: 0, limit: 10 })).toHaveLength(1);
  }, 60_000);
});

describe('an erased log', () => {
  it('keeps its places and goes on rising under writers', async () => {
    const log = logOf('erased');
    const order = { url: server.url, database, writers: 2, lists: 20, draftsPerListMax: 3, logs: [log] };
    const writers = startWriters(['e1', 'e2'], order);
    await until('30 lists are confirmed', () => writers.count() >= 30);
    const head = (await store.log.heads([log])).get(log)!;
    await store.keeping.erase(log);
    const confirmations = await writers.done;
    const entries = await readInPages(store, log, { after: 0, limit: 500 });
    const kept = new Map(entries.map(({ id, seq }) => [id, seq]));
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, at) => at + 1));
    const placed = confirmations.flatMap(({ ids, places }) =>
      ids.map((id, at) => ({ id, seq: places[at]!.seq })),
    );
    const later = placed.filter(({ seq }) => seq > head);
    expect(later.length).toBeGreaterThan(0);
    for (const { id, seq } of later) expect(kept.get(id)).toBe(seq);
    expect(Math.max(...placed.map(({ seq }) => seq))).toBe(entries.at(-1)!.seq);
    for (const entry of entries.slice(0, head)) expect(entry).toMatchObject({ mark: 'emptied' });
  }, 60_000);
});

describe('every command', () => {
  it('that writes asks for a durable majority; every read for primary and majority', async () => {
    sent.length = 0;
    await useEveryRole(store);
    const writes = sent.filter(({ name }) => ['insert', 'update', 'delete', 'findAndModify'].includes(name));
    const reads = sent.filter(({ name }) => ['find', 'aggregate'].includes(name));
    const collections = new Set(reads.map(({ name, command }) => command[name]));
    expect(new Set(writes.map(({ name, command }) => `${name} ${String(command[name])}`))).toEqual(
      new Set([
        ...['insert entries', 'update entries', 'delete entries', 'update cursors', 'delete cursors'],
        ...['update devices', 'delete devices', 'insert receipts', 'delete receipts', 'update tenants'],
        ...['update connections', 'delete connections', 'insert reads', 'delete reads'],
        ...['insert members', 'update members', 'delete members', 'insert scheduled', 'update scheduled'],
        ...['insert signing_keys', 'insert api_keys', 'update meta'],
      ]),
    );
    for (const { command } of writes) {
      expect(command.writeConcern).toMatchObject({ w: 'majority', j: true, wtimeout: 3_000 });
      expect(command.maxTimeMS).toBeUndefined();
    }
    expect(reads.length).toBeGreaterThan(10);
    for (const name of ['entries', 'cursors', 'members', 'scheduled', 'receipts', 'reads', 'meta']) {
      expect([...collections]).toContain(name);
    }
    for (const { command } of reads) {
      expect(command.readConcern).toMatchObject({ level: 'majority' });
      // The driver leaves the preference out when it is the primary.
      expect((command.$readPreference as { mode?: string } | undefined)?.mode ?? 'primary').toBe('primary');
    }
  });
});

/** Its first draft was placed, its second was there already, and one after it was placed. */
function isPartlyRefused({ places }: Confirmation): boolean {
  const outcomes = places.map(({ outcome }) => outcome);
  return outcomes[0] === 'appended' && outcomes[1] === 'present' && outcomes.includes('appended', 2);
}

/** Each call of each role that reads or writes, at least once, with work to do. */
async function useEveryRole(store: Store): Promise<void> {
  await useLogs(store);
  await usePositions(store);
  await useLedger(store);
  await useSchedule(store);
  await useKeys(store);
}

const [ann, inbox] = [userKey('t', 'ann'), logOf('ann')];

async function useLogs({ log, keeping, marks }: Store): Promise<void> {
  await log.append([draft('m1', inbox), draft('m2', inbox), draft('m1@x', logOf('x'))]);
  await log.append([draft('m1', inbox), draft('m3', inbox)]);
  await Promise.all([
    log.read(inbox, 0, 5),
    log.readMany([{ log: inbox, after: 0 }], 5),
    log.heads([inbox]),
    log.ofMessage('m1'),
    log.entryOf('m2', inbox),
  ]);
  await log.append(['k1', 'k2'].map((id) => ({ ...draft(id, inbox), collapseKey: 'k' })));
  expect(await marks.supersede(inbox, 'k', 5)).toEqual([4]);
  await marks.mark(inbox, [1], 'recalled');
  expect(await keeping.emptyExpired(3, 1)).toBe(1);
  await keeping.newestExpired([inbox], 5);
  await keeping.purge(inbox, { expiredBefore: 3, acceptedBefore: 2, limit: 1 });
  await keeping.erase(inbox);
  await keeping.logsWithEntriesBefore(2, undefined, 5);
}

async function usePositions({ cursors, devices, members, facts }: Store): Promise<void> {
  const [phone, desk] = [`${ann}/phone`, `${ann}/desk`] as never[] as [never, never];
  await cursors.begin([{ device: phone, log: inbox, seq: 9 }]);
  await cursors.advance([{ device: phone, log: inbox, seq: 10 }]);
  await cursors.loadMany([{ device: phone, logs: [inbox] }]);
  for (const [at, device] of [phone, desk].entries()) await devices.seen([{ device, at }], 1);
  await devices.forget(ann);
  await members.join([{ topic: inbox, user: ann, head: 9, joinedAt: 1 }]);
  await members.ofUsers([ann]);
  await members.topics('t', undefined, 5);
  await cursors.begin([{ device: phone, log: inbox, seq: 9 }]);
  await facts.beginEpoch();
  await members.leave([{ topic: inbox, user: ann }]);
  await members.forget(ann);
}

async function useLedger({ receipts, reads }: Store): Promise<void> {
  const [connection, node] = ['c', 'n'];
  await receipts.record(
    [
      {
        ...{ id: 'r', log: inbox, user: ann, connection, node },
        ...{ sent: [], settled: [{ from: 1, to: 1, at: 1 }], failed: [1], unhandled: [] },
      },
    ],
    [{ id: connection, user: ann, node, transport: 'websocket', openedAt: 1 }],
  );
  expect(await receipts.ofEntry(inbox, 1, ann)).toHaveLength(1);
  await receipts.forget(ann);
  await reads.note(ann, ['m1'], Date.now());
  await reads.ofMessage('m1', [ann]);
  await reads.forget(ann);
}

async function useSchedule({ schedule }: Store): Promise<void> {
  const message = { tenant: 't', fingerprint: '', posting: '{}', recipients: 1, acceptedAt: 1, dueAt: 1 };
  for (const id of ['s1', 's2']) await schedule.add({ id, ...message });
  expect(await schedule.cancel('s1', Date.now())).toBe('cancelled');
  expect(await schedule.claimDue(2, { by: 'b', until: 3 }, 5)).toHaveLength(1);
  await schedule.fired(['s2'], 'b', Date.now());
}

async function useKeys({ keyRing, facts }: Store): Promise<void> {
  await keyRing.ensureTenant({ id: 't', origins: [] });
  await keyRing.ensureSigningKey({
    kid: 'k',
    createdAt: 1,
    publicJwk: { kid: 'k', kty: 'RSA', alg: 'RS256', use: 'sig' },
    privateKey: '-',
  });
  await keyRing.addApiKey({ id: 'a', tenant: 't', principal: 'p', hash: '-', scopes: [], createdAt: 1 });
  await facts.epoch();
}
