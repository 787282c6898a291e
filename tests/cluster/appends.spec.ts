// Two Collects append to one log at once, and one of them is held at its insert: sent and not arrived, or
// answered and not heard of. A cable to the store stops what travels; nothing in the Collect is changed.
import { defaultTenant } from '@carillon/auth';
import { type LogKey, userKey, userLog } from '@carillon/domain';
import type { Store } from '@carillon/domain/ports';
import { SystemClock, SystemRandom } from '@carillon/platform';
import { MongoStore } from '@carillon/store-mongo';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { Cable, type Direction } from '../fleet/cable.js';
import { type Answer, type ClusterNode, startNode } from './node.js';

const database = 'appends';
const patience = { timeout: 10_000 };
/** Freezes the cable of its store as an insert into this log is sent. */
let trap: { readonly log: LogKey; readonly frozen: Direction; readonly sent: () => void } | undefined;
let cable: Cable;
let held: ClusterNode;
let free: ClusterNode;
let stores: Store[] = [];

beforeAll(async () => {
  const [mongoUrl, redisUrl, natsUrl] = [inject('mongoUrl'), inject('redisUrl'), inject('natsUrl')];
  cable = await Cable.to(Number(new URL(mongoUrl).port));
  const parts = { database, clock: new SystemClock(), random: new SystemRandom() };
  const url = `mongodb://127.0.0.1:${cable.port}/?directConnection=true`;
  stores = [
    await MongoStore.open({ ...parts, url, onCommand: spring }),
    await MongoStore.open({ ...parts, url: mongoUrl }),
  ];
  const servers = { mongoUrl, redisUrl, natsUrl, name: database };
  [held, free] = await Promise.all([
    startNode(servers, 'node-a', { ports: { store: stores[0] as Store } }),
    startNode(servers, 'node-b'),
  ]);
  // Both know the key and need not ask the other's Auth for it while something is held.
  for (const node of [held, free]) await postOne(node, 'nobody', 'warm');
}, 60_000);

afterEach(() => {
  const missed = trap;
  trap = undefined;
  cable.mend();
  expect(missed, 'the insert that was to be held was never sent').toBeUndefined();
});

afterAll(async () => {
  await Promise.all([held?.stop(), free?.stop()]);
  for (const store of stores) await store.close();
  await cable?.close();
}, 60_000);

/** Called in the turn in which a command is sent: what is frozen here stops this very command. */
function spring(name: string, { insert, documents }: Readonly<Record<string, unknown>>): void {
  if (!trap || name !== 'insert' || insert !== 'entries') return;
  const { log, frozen, sent } = trap;
  if (!(documents as readonly { log: string }[]).some((row) => row.log === log)) return;
  trap = undefined;
  cable.freeze(frozen);
  sent();
}

/** What is posted in one request, and what must be answered to it. */
interface Kind {
  readonly post: (node: ClusterNode, user: string, key: string) => Promise<Answer>;
  readonly status: number;
  readonly idsOf: (answer: Answer) => readonly string[];
}

const one: Kind = { post: postOne, status: 202, idsOf: ({ body }) => [body.id] };
const several: Kind = {
  post: (node, user, key) => {
    const messages = [1, 2, 3].map((data) => ({ to: `user:${user}`, event: 'e', data }));
    return node.post('/v1/messages:batch', { messages }, keyed(user, key));
  },
  status: 200,
  idsOf: ({ body }) => body.results.map(({ id }) => id),
};

function postOne(node: ClusterNode, user: string, key: string): Promise<Answer> {
  return node.post('/v1/messages', { to: `user:${user}`, event: 'e' }, keyed(user, key));
}

/** A key is one message, whoever it goes to. */
function keyed(user: string, key: string) {
  return { 'idempotency-key': `${user}-${key}` };
}

describe.each([
  ['one message', one],
  ['three in a row', several],
])('two requests of %s for one log, of which the first is held at its insert', (title, kind) => {
  const name = title.split(' ')[0] as string;

  it.each<[string, Direction, () => void]>([
    ['numbered and not arrived', 'up', () => cable.mend()],
    ['answered and not heard of', 'down', () => cable.mend()],
    ['answered and never heard of', 'down', cut],
  ])('%s, are both accepted, and the log is dense', async (moment, frozen, goOn) => {
    const user = `${name}-${moment.replaceAll(' ', '-')}`;
    const first = await hold(kind, user, frozen);
    if (frozen === 'down') await expect.poll(() => headOf(user), patience).toBe(kind === one ? 1 : 3);
    const second = await kind.post(free, user, 'b');
    const secondIds = accepted(kind, second);
    goOn();
    const firstIds = accepted(kind, await first.answer);
    const inOrder = frozen === 'up' ? [...secondIds, ...firstIds] : [...firstIds, ...secondIds];
    expect(await logOf(user)).toEqual(inOrder.map((id, at) => ({ seq: at + 1, id })));
  });

  it.each<[string, Direction]>([
    ['numbered and not arrived', 'up'],
    ['answered and not heard of', 'down'],
  ])('%s, and repeated at both meanwhile, are one message for one key', async (moment, frozen) => {
    const user = `${name}-again-${moment.split(' ')[0]}`;
    const first = await hold(kind, user, frozen);
    if (frozen === 'down') await expect.poll(() => headOf(user), patience).toBe(kind === one ? 1 : 3);
    const behind = kind.post(held, user, 'a');
    const elsewhere = await kind.post(free, user, 'a');
    const ids = accepted(kind, elsewhere);
    const others = accepted(kind, await kind.post(free, user, 'b'));
    cable.mend();
    expect(accepted(kind, await first.answer)).toEqual(ids);
    expect(accepted(kind, await behind)).toEqual(ids);
    expect(await logOf(user)).toEqual([...ids, ...others].map((id, at) => ({ seq: at + 1, id })));
  });
});

/** Posts with the key "a"; resolves as its insert is held, with what will be answered. */
async function hold(kind: Kind, user: string, frozen: Direction): Promise<{ answer: Promise<Answer> }> {
  const { promise, resolve } = Promise.withResolvers<void>();
  trap = { log: keyOf(user), frozen, sent: resolve };
  const answer = kind.post(held, user, 'a');
  await promise;
  return { answer };
}

/** Its connections are gone with what was on its way; new ones are carried. */
function cut(): void {
  cable.cut();
  cable.mend();
}

function accepted(kind: Kind, answer: Answer): readonly string[] {
  expect(answer.status, JSON.stringify(answer.body)).toBe(kind.status);
  return kind.idsOf(answer);
}

const keyOf = (user: string) => userLog(userKey(defaultTenant, user));

async function headOf(user: string): Promise<number | undefined> {
  return (await direct().log.heads([keyOf(user)])).get(keyOf(user));
}

async function logOf(user: string): Promise<{ seq: number; id: string }[]> {
  const entries = await direct().log.read(keyOf(user), 0, 100);
  return entries.map(({ seq, id }) => ({ seq, id }));
}

/** Past the cable. */
function direct(): Store {
  return stores[1] as Store;
}
