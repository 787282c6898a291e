// What a session may meet between its route, its read and its welcome: each moment is held until what would
// race with it has happened. A lost doorbell stays lost here, so that nothing mends what a race has broken.
import { defaultTenant } from '@carillon/auth';
import { incarnation, readDoorbells, subjects, userKey, userLog } from '@carillon/domain';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { type ClusterNode, startNode } from './node.js';
import { memoryOf, Page } from './page.js';
import { Gate, type When } from './paused.js';
import { Tab } from './tab.js';

const gate = new Gate();
/** No comparison with the store after the first one. */
const env = { DELIVERY_ANTI_ENTROPY_MS: '2000000000' };
const patience = { timeout: 10_000 };
let one: ClusterNode;
let two: ClusterNode;
let pages: Page[] = [];

beforeAll(async () => {
  const [mongoUrl, redisUrl, natsUrl] = [inject('mongoUrl'), inject('redisUrl'), inject('natsUrl')];
  const servers = { mongoUrl, redisUrl, natsUrl, name: 'races' };
  const start = (name: string) => startNode(servers, name, { gate, env });
  [one, two] = await Promise.all([start('node-a'), start('node-b')]);
}, 60_000);

afterEach(() => {
  for (const { sdk } of pages) sdk.close();
  pages = [];
  gate.end();
});

afterAll(async () => {
  await Promise.all([one?.stop(), two?.stop()]);
}, 60_000);

const keyOf = (user: string) => userKey(defaultTenant, user);
const logOf = (user: string) => userLog(keyOf(user));

/** The read with which a session begins. */
function headRead(node: ClusterNode, user: string, when: When) {
  return gate.hold('log.heads', when, { node: node.name, isIt: (logs) => logs.includes(logOf(user)) });
}

/** The batch that has this doorbell has been answered by whoever takes what begins so. */
function bellTaken(user: string, seq: number, subjectStart: string) {
  const isBell = (bell: { log: string; seq: number }) => bell.log === logOf(user) && bell.seq === seq;
  return gate.hold('bus.request', 'after', {
    isIt: (subject, data) => subject.startsWith(subjectStart) && readDoorbells(data).some(isBell),
  });
}

async function post(user: string, event = 'e'): Promise<string> {
  const { status, body } = await two.post('/v1/messages', { to: `user:${user}`, event });
  expect(status).toBe(202);
  return body.id;
}

/** What is posted, and the place that it gets. */
interface Next {
  readonly user: string;
  readonly seq: number;
  readonly event?: string;
}

/** Posts what gets this place in the log; resolves when its doorbell is in the hands of these nodes. */
async function postAndRing({ user, seq, event }: Next, ...nodes: readonly ClusterNode[]): Promise<string> {
  const bells = nodes.map(({ name }) =>
    bellTaken(user, seq, subjects.push(incarnation(name, 'x')).slice(0, -1)),
  );
  const id = await post(user, event);
  for (const bell of bells) {
    await bell.reached;
    bell.goOn();
  }
  return id;
}

function open(user: string, node: ClusterNode): Page {
  const page = new Page({ user, node, memory: memoryOf('phone') });
  pages.push(page);
  return page;
}

function seen({ messages, gaps }: Page) {
  return { events: messages.map(({ seq, event }) => `${seq} ${event}`), gaps };
}

/** Places from the first to the last. */
const places = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

describe('a page gets what is posted while it connects, once and in order,', () => {
  it.each<[string, (user: string) => ReturnType<typeof headRead>]>([
    ['after its route and before the read', (user) => headRead(one, user, 'before')],
    ['between the read and its answer', (user) => headRead(one, user, 'after')],
  ])('%s', async (moment, holdOf) => {
    const user = `page-${moment.split(' ')[0]}`;
    await post(user, 'early');
    const held = holdOf(user);
    const page = open(user, one);
    await held.reached;
    await postAndRing({ user, seq: 2, event: 'during' }, one);
    await postAndRing({ user, seq: 3, event: 'still' }, one);
    held.goOn();
    await page.until(() => page.events.includes('still'));
    await postAndRing({ user, seq: 4, event: 'late' }, one);
    await page.until(() => page.events.includes('late'));
    expect(seen(page)).toEqual({ events: ['1 early', '2 during', '3 still', '4 late'], gaps: [] });
  });

  it('between the read and its welcome', async () => {
    const user = 'page-welcome';
    await post(user, 'early');
    const isIt = (moves: readonly { log: string }[]) => moves.some(({ log }) => log === logOf(user));
    const held = gate.hold('cursors.begin', 'before', { node: one.name, isIt });
    const page = open(user, one);
    await held.reached;
    await postAndRing({ user, seq: 2, event: 'during' }, one);
    held.goOn();
    await page.until(() => page.events.includes('during'));
    await postAndRing({ user, seq: 3, event: 'late' }, one);
    await page.until(() => page.events.includes('late'));
    expect(seen(page)).toEqual({ events: ['1 early', '2 during', '3 late'], gaps: [] });
  });

  it('before it has a route, when nobody can ring here', async () => {
    const user = 'page-unrouted';
    const isIt = (users: readonly string[]) => users.includes(keyOf(user));
    const claim = gate.hold('routes.claim', 'before', {
      node: one.name,
      isIt: (_incarnation, users) => isIt(users),
    });
    const page = open(user, one);
    await claim.reached;
    const lookup = gate.hold('routes.lookup', 'after', { isIt });
    const round = bellTaken(user, 1, subjects.dispatch(''));
    await post(user, 'during');
    expect((await lookup.reached)?.has(keyOf(user))).toBe(false);
    lookup.goOn();
    await round.reached; // Dispatch has done all that it will do about it
    round.goOn();
    claim.goOn();
    await page.until(() => page.events.includes('during'));
    await postAndRing({ user, seq: 2, event: 'late' }, one);
    await page.until(() => page.events.includes('late'));
    expect(seen(page)).toEqual({ events: ['1 during', '2 late'], gaps: [] });
  });
});

describe.each<When>(['before', 'after'])('a device whose resume is held %s the read', (when) => {
  const hasHeard = (count: number) => (when === 'before' ? count : count - 1);

  it('is welcomed by another node first, and neither socket leaves anything out', async () => {
    const user = `two-nodes-${when}`;
    const tab = await settledTab(user, 3);
    const ids = [...tab.ids, await post(user), await post(user), await post(user)];
    const held = headRead(one, user, when);
    const slow = tab.connect(one);
    await held.reached;
    const quick = await tab.connect(two);
    await tab.until(6);
    ids.push(await postAndRing({ user, seq: 7 }, one, two));
    await tab.until(7);
    expect(tab.seqsOn(quick)).toEqual(places(4, 7));
    held.goOn();
    const late = await slow;
    const log = { from: 3, head: hasHeard(7), resumed: true };
    expect(tab.welcome).toMatchObject({ node: one.name, logs: { user: log } });
    await expect.poll(() => tab.seqsOn(late), patience).toEqual(places(4, 7));
    ids.push(await postAndRing({ user, seq: 8 }, one, two));
    await tab.until(8); // over either socket: the ack of one may spare the other
    expect([tab.ids, tab.seqs]).toEqual([ids, places(1, 8)]);
    expect([late.readyState, quick.readyState]).toEqual([late.OPEN, late.OPEN]);
  });

  it('gets the first message of all, on another node than it was', async () => {
    const user = `first-${when}`;
    const tab = await settledTab(user, 0);
    const held = headRead(two, user, when);
    const socket = tab.connect(two);
    await held.reached;
    const id = await postAndRing({ user, seq: 1 }, two);
    held.goOn();
    await socket;
    await tab.until(1);
    const log = { from: 0, head: hasHeard(1), resumed: true };
    expect(tab.welcome).toMatchObject({ logs: { user: log } });
    expect([tab.ids, tab.againCount]).toEqual([[id], 0]);
  });

  it('resumes once more meanwhile, and both sockets get all of it', async () => {
    const user = `twice-${when}`;
    const tab = await settledTab(user, 2);
    const ids = [...tab.ids, await post(user), await post(user)];
    const held = headRead(one, user, when);
    const first = tab.connect(one);
    await held.reached;
    const isIt = (users: readonly string[]) => users.includes(keyOf(user));
    const registered = gate.hold('members.ofUsers', 'after', { node: one.name, isIt });
    const second = tab.connect(one);
    await registered.reached;
    registered.goOn();
    ids.push(await postAndRing({ user, seq: 5 }, one));
    held.goOn();
    for (const socket of await Promise.all([first, second]))
      await expect.poll(() => tab.seqsOn(socket), patience).toEqual(places(3, 5));
    expect([tab.ids, tab.seqs]).toEqual([ids, places(1, 5)]);
  });

  it('gets what arrives during the second page of its replay after that page', async () => {
    const user = `paged-${when}`;
    const tab = await settledTab(user, 0);
    const messages = places(1, 40).map((data) => ({ to: `user:${user}`, event: 'e', data }));
    const { body } = await one.post('/v1/messages:batch', { messages });
    const ids = body.results.map(({ id }) => id);
    const page = gate.hold('log.readMany', when, {
      node: two.name,
      isIt: (read) => read.some(({ log, after }) => log === logOf(user) && after > 0),
    });
    await tab.connect(two);
    await page.reached;
    ids.push(await postAndRing({ user, seq: 41 }, two));
    expect(tab.received).toBeLessThan(40);
    page.goOn();
    await tab.until(41);
    expect([tab.ids, tab.seqs, tab.againCount]).toEqual([ids, places(1, 41), 0]);
    expect(tab.welcome).toMatchObject({ logs: { user: { from: 0, head: 40, resumed: true } } });
  });
});

/** A tab that has settled so many messages, and has no socket. */
async function settledTab(user: string, count: number): Promise<Tab> {
  const tab = new Tab(user, 'd1');
  await tab.connect(one);
  for (let n = 0; n < count; n++) await post(user);
  await tab.until(count);
  tab.drop();
  return tab;
}
