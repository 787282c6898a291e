/**
 * The plans of the look-ups that must stay short however much is stored: which index, and how much of it.
 * Read from a real server, over more rows than any of them may touch.
 */
import { type LogKey, topicLog, type UserKey, userKey, userLog } from '@carillon/domain';
import { MachineClock, MachineRandom } from '@carillon/testkit';
import type { mongo } from 'mongoose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { fullBefore } from './log-keeping.js';
import { unmarkedOf } from './marks.js';
import { topicsPipeline } from './members.js';
import { MongoStore } from './mongo-store.js';
import { liveAfter } from './newest-expired.js';
import { type RawDatabase, rawDatabase } from './raw-database.fixture.js';
import { pagesAfter } from './read-many.js';
import { receiptRange, rowsAround } from './receipt-rows.js';
import { dueAt } from './schedule.js';

interface Plan {
  /** Index names, each once. */
  readonly indexes: readonly string[];
  readonly hasSort: boolean;
  readonly hasScan: boolean;
  readonly keys: number;
  readonly documents: number;
  readonly returned: number;
}

const database = `plans_${process.pid}_${Date.now()}`;
const tenant = 'demo';
const users = Array.from({ length: 100 }, (_, n) => userKey(tenant, `u${n}`));
const [ann] = users as [UserKey, ...UserKey[]];
const inbox = userLog(ann);
const topics = Array.from({ length: 20 }, (_, n) => topicLog(tenant, `t${n}`));
const perLog = 100;
let raw: RawDatabase;

beforeAll(async () => {
  const url = inject('mongoUrl');
  const world = { clock: new MachineClock(), random: new MachineRandom() };
  await (await MongoStore.open({ url, database, ...world })).close();
  raw = await rawDatabase(url, database);
  await Promise.all([
    raw.db.collection('entries').insertMany(users.flatMap((user) => entriesOf(userLog(user)))),
    raw.db
      .collection('members')
      .insertMany(topics.flatMap((topic) => users.map((user) => ({ topic, user, head: 1, joinedAt: 1 })))),
    raw.db.collection('scheduled').insertMany(scheduledRows()),
    raw.db.collection('receipts').insertMany(users.flatMap(receiptsOf)),
    raw.db
      .collection('reads')
      .insertMany(
        users.flatMap((user) =>
          Array.from({ length: 20 }, (_, n) => ({ _id: `${user}@m${n}` as never, user, at: new Date() })),
        ),
      ),
  ]);
}, 60_000);
afterAll(() => raw.dropAndClose());

describe('entries', () => {
  it('that one key supersedes are found without meeting one that is marked', async () => {
    const filter = unmarkedOf(inbox, 'k', { after: 0, below: 90 });
    const plan = await planOf(find('entries', filter).sort({ seq: 1 }).limit(1_000));
    expect(plan).toMatchObject({ indexes: ['log_1_collapseKey_1_seq_1'], hasSort: false, returned: 3 });
    expect(plan.documents).toBe(3);
  });

  it('are in the indexes for what is left to do only while there is something left', async () => {
    const stats = await raw.db
      .collection('entries')
      .aggregate([{ $indexStats: {} }])
      .toArray();
    expect(stats).toHaveLength(4);
    const held = async (index: string) => {
      const { keys } = await planOf(raw.db.collection('entries').find({}).hint(index));
      return keys;
    };
    const total = users.length * perLog;
    expect(await held('log_1_collapseKey_1_seq_1')).toBeLessThan(total / 10);
    expect(await held('expiresAt_1')).toBe(total / 2);
  });

  it('that are to be emptied are found in the order of their expiry, no more than asked for', async () => {
    const plan = await planOf(find('entries', fullBefore(1e9)).sort({ expiresAt: 1 }).limit(50));
    expect(plan).toMatchObject({ indexes: ['expiresAt_1'], hasSort: false, returned: 50 });
    expect(plan.documents).toBeLessThanOrEqual(51);
  });

  it('that are past are walked in their order, from a place on, up to the first live one', async () => {
    const plan = await planOf(
      find('entries', liveAfter(inbox, 20, 60))
        .sort({ seq: 1 })
        .limit(1),
    );
    expect(plan).toMatchObject({ indexes: ['log_1_seq_-1'], hasSort: false, returned: 1 });
    expect(plan.documents).toBeLessThanOrEqual(perLog - 20);
  });

  it('of 100 places are read with one range of the index each', async () => {
    const places = users.map((user) => ({ log: userLog(user), after: perLog - 3 }));
    const plan = await planOf(find('entries', pagesAfter(places, 100)));
    expect(plan).toMatchObject({ indexes: ['log_1_seq_-1'], hasScan: false, returned: 300, documents: 300 });
    expect(plan.keys).toBeLessThanOrEqual(300 + 2 * places.length);
  });
});

describe('members', () => {
  it('give the topics of a tenant by one key each', async () => {
    const found = await raw.db
      .collection('members')
      .aggregate(topicsPipeline(tenant, topics[4], 50))
      .explain('executionStats');
    expect(JSON.stringify(found)).toContain('"DISTINCT_SCAN"');
    const { totalKeysExamined, totalDocsExamined } =
      found.stages?.[0]?.$cursor?.executionStats ?? found.executionStats;
    expect(totalKeysExamined).toBeLessThanOrEqual(2 * topics.length);
    expect(totalDocsExamined).toBe(0);
  });

  it('of a topic come from a page, those of users by their keys, none by looking at others', async () => {
    const page = find('members', { topic: topics[0]!, user: { $gt: users[10]! } })
      .sort({ user: 1 })
      .limit(5);
    expect(await planOf(page)).toMatchObject({ indexes: ['topic_1_user_1'], hasSort: false, documents: 5 });
    const own = find('members', { user: { $in: users.slice(0, 3) } }).sort({ user: 1, topic: 1 });
    expect(await planOf(own)).toMatchObject({ indexes: ['user_1_topic_1'], hasSort: false, documents: 60 });
  });
});

describe('scheduled messages', () => {
  it('that are due are found in their order, among any number that are not or have ended', async () => {
    const plan = await planOf(find('scheduled', dueAt(10)).sort({ dueAt: 1 }).limit(5));
    expect(plan).toMatchObject({ indexes: ['state_1_dueAt_1'], hasSort: false, returned: 5 });
    expect(plan.documents).toBeLessThanOrEqual(10);
  });
});

describe('receipts and reads', () => {
  it('around an entry are found in a bounded part of what a busy device has left', async () => {
    const plan = await planOf(find('receipts', rowsAround([{ user: ann, log: inbox, seq: 100 }])));
    expect(plan.hasScan).toBe(false);
    expect(plan.returned).toBe(2);
    expect(plan.keys).toBeLessThanOrEqual(300);
  });

  it('of one receipt are a range of its own', async () => {
    const plan = await planOf(find('receipts', { $or: [{ _id: receiptRange(`${ann}.7`) }] }));
    expect(plan).toMatchObject({ indexes: ['_id_'], returned: 1 });
    expect(plan.keys).toBeLessThanOrEqual(2);
  });

  it('of a user are removed by an index', async () => {
    expect(await planOf(find('receipts', { user: ann }))).toMatchObject({ hasScan: false, returned: 1_001 });
    const range = { _id: { $gte: `${ann}@`, $lt: `${ann}A` }, user: ann };
    expect(await planOf(find('reads', range))).toMatchObject({ indexes: ['_id_'], documents: 20 });
  });
});

function find(collection: string, filter: unknown): mongo.FindCursor {
  return raw.db.collection(collection).find(filter as mongo.Filter<mongo.Document>);
}

async function planOf(cursor: mongo.FindCursor): Promise<Plan> {
  const { queryPlanner, executionStats } = await cursor.explain('executionStats');
  const winner = JSON.stringify(queryPlanner.winningPlan);
  const stages = new Set([...winner.matchAll(/"stage":"(\w+)"/g)].map(([, stage]) => stage));
  return {
    indexes: [...new Set([...winner.matchAll(/"indexName":"([^"]+)"/g)].map(([, name]) => name!))],
    hasSort: stages.has('SORT'),
    hasScan: stages.has('COLLSCAN'),
    keys: executionStats.totalKeysExamined,
    documents: executionStats.totalDocsExamined,
    returned: executionStats.nReturned,
  };
}

/** Every second one has content; of Ann's ten with a key seven are marked. */
function entriesOf(log: LogKey) {
  return Array.from({ length: perLog }, (_, n) => {
    const hasKey = n % 10 === 5 && log === inbox;
    return {
      ...{ _id: `${log}#${n}` as never, log, seq: n + 1, acceptedAt: 1, expiresAt: n, event: 'e' },
      ...(n % 2 ? { data: '"x"' } : {}),
      ...(hasKey ? { collapseKey: 'k', ...(n < 60 ? { mark: 'superseded' } : {}) } : {}),
    };
  });
}

function scheduledRows() {
  const row = (id: string, state: string, dueAtMs: number) => ({
    ...{ _id: id as never, tenant, fingerprint: '', posting: '{}', recipients: 1, acceptedAt: 1 },
    ...{ state, dueAt: dueAtMs },
  });
  return [
    ...Array.from({ length: 1_000 }, (_, n) => row(`w${n}`, 'waiting', n < 20 ? n : 1_000 + n)),
    ...Array.from({ length: 5 }, (_, n) => ({ ...row(`c${n}`, 'claimed', n), claimedUntil: n * 1_000 })),
    ...Array.from({ length: 1_000 }, (_, n) => ({ ...row(`f${n}`, 'fired', n), endedAt: new Date() })),
  ];
}

/** 1,000 narrow rows and a wide one. */
function receiptsOf(user: UserKey) {
  const log = userLog(user);
  const row = (n: number) => ({
    ...{ _id: `${user}.${n}#0123456789abcdef01234567` as never, user, log, connection: 'c', node: 'n' },
    ...{ from: n, to: n, settled: [{ from: n, to: n, at: 1 }], createdAt: new Date() },
  });
  return [
    ...Array.from({ length: user === ann ? 1_000 : 10 }, (_, n) => row(n + 1)),
    { ...row(5_000), from: 1, isWide: true },
  ];
}
