// What reaches more than one user, or only who is there, or nobody any more: over two nodes that share
// nothing but MongoDB, Redis and NATS, with the real SDK.
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { type ClusterNode, startNode } from './node.js';
import { memoryOf, Page, type PageOptions } from './page.js';

let nodes: ClusterNode[] = [];
let pages: Page[] = [];
const [a, b] = [() => nodes[0] as ClusterNode, () => nodes[1] as ClusterNode];

beforeAll(async () => {
  const [mongoUrl, redisUrl, natsUrl] = [inject('mongoUrl'), inject('redisUrl'), inject('natsUrl')];
  const servers = { mongoUrl, redisUrl, natsUrl, name: 'topics' };
  nodes = await Promise.all(['node-a', 'node-b'].map((name) => startNode(servers, name)));
}, 60_000);

afterEach(() => {
  for (const { sdk } of pages) sdk.close();
  pages = [];
});

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
}, 60_000);

describe('a topic', () => {
  it('reaches its followers on every node in one order, and nobody else', async () => {
    const [ann, bob, eve] = await Promise.all([
      open('ann', a(), { topics: ['orders.*'], memory: memoryOf('phone') }),
      open('bob', b(), { topics: ['*'] }),
      open('eve', b()),
    ]);
    for (const page of [ann, bob]) follow(page, 'orders.eu');
    await settle('orders.eu', [ann, bob]);
    const ids: string[] = [];
    for (const event of ['one', 'two', 'three']) ids.push(await post(b(), { to: 'topic:orders.eu', event }));
    for (const page of [ann, bob]) await page.until(() => page.events.includes('three'));
    for (const page of [ann, bob]) expect(idsWithoutProbes(page)).toEqual(ids);
    expect(eve.events).toEqual([]);
    // What became of a topic's message is written when the socket closes, or after a minute.
    ann.sdk.close();
    const why = () => a().get(`/v1/messages/${ids[0]}/deliveries/ann`);
    await expect.poll(async () => (await why()).body.status, { timeout: 10_000 }).toBe('delivered');
    expect((await a().get(`/v1/messages/${ids[0]}/deliveries/eve`)).status).toBe(404);
  });

  it('that the token does not allow is refused by name, and the session goes on', async () => {
    const page = await open('ann', a(), { topics: ['orders.*'] });
    follow(page, 'payroll');
    await page.until(() => page.refusals.length > 0);
    await post(b(), { to: 'topic:payroll', event: 'secret' });
    await post(b(), { to: 'user:ann', event: 'own' });
    await page.until(() => page.events.includes('own'));
    expect(page.events).not.toContain('secret');
  });

  it('goes on where the page was, on the other node', async () => {
    const memory = memoryOf('phone');
    const before = await open('carl', a(), { topics: ['*'], memory });
    follow(before, 'news');
    await settle('news', [before]);
    before.sdk.close();
    for (const event of ['n1', 'n2', 'n3']) await post(a(), { to: 'topic:news', event });
    const after = await open('carl', b(), { topics: ['*'], memory });
    follow(after, 'news');
    await after.until(() => after.events.includes('n3'));
    expect(after.events.filter((event) => event !== 'probe')).toEqual(['n1', 'n2', 'n3']);
    expect([...before.gaps, ...after.gaps]).toEqual([]);
  });
});

describe('a membership', () => {
  it('is followed at once by who is connected, from there on, and left again', async () => {
    const page = await open('dora', a());
    await post(b(), { to: 'topic:team', event: 'before' });
    expect((await b().put('/v1/topics/team/members/dora')).status).toBe(204);
    await post(b(), { to: 'topic:team', event: 'during' });
    await page.until(() => page.events.includes('during'));
    expect(page.events).toEqual(['during']);
    expect((await a().get('/v1/topics/team/members')).body).toMatchObject({ members: [{ user: 'dora' }] });
    expect((await a().remove('/v1/topics/team/members/dora')).status).toBe(204);
    // The session has left when its inbox, which is told later, has gone on; a lost notice takes 15 s.
    await post(a(), { to: 'user:dora', event: 'own' });
    await page.until(() => page.events.includes('own'));
    await post(b(), { to: 'topic:team', event: 'after' });
    await post(b(), { to: 'user:dora', event: 'end' });
    await page.until(() => page.events.includes('end'));
    expect(page.events).toEqual(['during', 'own', 'end']);
  });

  it('gives who comes later what was sent since they joined', async () => {
    await post(a(), { to: 'topic:club', event: 'before' });
    await a().post('/v1/topics/club/members:batch', { add: ['fred', 'gina'] });
    await post(a(), { to: 'topic:club', event: 'since' });
    const page = await open('fred', b());
    await page.until(() => page.events.length > 0);
    expect(page.events).toEqual(['since']);
  });
});

describe('a message to all', () => {
  it('reaches everybody who is there, on every node', async () => {
    const pages = await Promise.all([open('ann', a()), open('bob', b())]);
    await post(a(), { to: 'all', event: 'maintenance' });
    for (const page of pages) await page.until(() => page.events.includes('maintenance'));
  });
});

describe('a message with ttl 0', () => {
  it('reaches who is there, and never who comes later', async () => {
    const there = await open('hugo', b());
    await post(a(), { to: ['user:hugo', 'user:ines'], event: 'typing', ttl: 0 });
    await there.until(() => there.events.includes('typing'));
    expect(there.messages.at(-1)).not.toHaveProperty('seq');
    const later = await open('ines', a());
    await post(b(), { to: 'user:ines', event: 'own' });
    await later.until(() => later.events.includes('own'));
    expect(later.events).toEqual(['own']);
  });
});

describe('what is not to be shown any more', () => {
  it('is passed over: recalled ones, and all but the newest of a collapse key', async () => {
    const recalled = await post(a(), { to: 'user:jan', event: 'wrong', data: { secret: 1 } });
    for (const event of ['v1', 'v2', 'v3']) await post(a(), { to: 'user:jan', event, collapseKey: 'order' });
    expect((await b().remove(`/v1/messages/${recalled}`)).body).toMatchObject({ recalled: true });
    const page = await open('jan', b());
    await post(a(), { to: 'user:jan', event: 'end' });
    await page.until(() => page.events.includes('end'));
    expect(page.events).toEqual(['v3', 'end']);
    expect((await a().get(`/v1/messages/${recalled}/deliveries/jan`)).body).toMatchObject({
      status: 'recalled',
    });
  });

  it('leaves nothing of a user who was erased, and lets them begin anew', async () => {
    const memory = memoryOf('phone');
    const page = await open('kim', a(), { topics: [], memory });
    const id = await post(b(), { to: 'user:kim', event: 'private', data: { secret: 1 } });
    await page.until(() => page.events.includes('private'));
    expect((await b().remove('/v1/users/kim')).status).toBe(204);
    expect((await a().get(`/v1/messages/${id}/deliveries/kim`)).body).not.toMatchObject({
      status: 'delivered',
    });
    const anew = await open('kim', b());
    await post(a(), { to: 'user:kim', event: 'fresh' });
    await anew.until(() => anew.events.includes('fresh'));
    expect(anew.events).toEqual(['fresh']);
  });
});

describe('what was read on one page', () => {
  it('is told to the user’s page on the other node, and stands in the ledger', async () => {
    const [one, other] = await Promise.all([open('lea', a()), open('lea', b())]);
    const id = await post(a(), { to: 'user:lea', event: 'paid' });
    await one.until(() => one.events.length === 1);
    one.sdk.read(id);
    await other.until(() => other.reads.includes(id));
    expect(one.reads).toEqual([]);
    await expect
      .poll(async () => (await b().get(`/v1/messages/${id}/deliveries/lea`)).body.summary, {
        timeout: 10_000,
      })
      .toMatch('read');
  });
});

describe('a message for later', () => {
  it('arrives when its time has come, once', async () => {
    const page = await open('max', a());
    const { body } = await b().post('/v1/messages', { to: 'user:max', event: 'later', delay: 1 });
    expect(body.status).toBe('scheduled');
    expect((await a().get(`/v1/messages/${body.id}`)).body.status).toBe('scheduled');
    await page.until(() => page.events.includes('later'));
    await post(a(), { to: 'user:max', event: 'end' });
    await page.until(() => page.events.includes('end'));
    expect(page.events).toEqual(['later', 'end']);
  });
});

async function open(user: string, node: ClusterNode, more: Partial<PageOptions> = {}): Promise<Page> {
  const page = new Page({ user, node, ...more });
  pages.push(page);
  await page.sdk.ready({ timeoutMs: 15_000 });
  return page;
}

function follow(page: Page, topic: string): void {
  page.sdk.on('message', () => undefined, { topic });
}

/** A probe may have been on its way when the last one was heard. */
function idsWithoutProbes(page: Page): string[] {
  return page.messages.flatMap(({ id, event }) => (event === 'probe' ? [] : [id]));
}

/** Resolves when all of them follow the topic: what is sent before has no claim to reach them. */
async function settle(topic: string, followers: readonly Page[]): Promise<void> {
  const isHeard = () => followers.every((page) => page.events.includes('probe'));
  const probe = setInterval(() => void post(a(), { to: `topic:${topic}`, event: 'probe' }), 200);
  try {
    await (followers[0] as Page).until(isHeard);
  } finally {
    clearInterval(probe);
  }
}

async function post(node: ClusterNode, body: object): Promise<string> {
  const answer = await node.post('/v1/messages', body);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 202 });
  return answer.body.id;
}
