// Two push nodes behind the balancer, with our own SDK in front: who lands where, and that nobody loses
// anything when a node dies, goes, or the balancer starts anew.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { App } from '../../tools/cluster/app.ts';
import { type Cluster, startCluster } from '../../tools/cluster/cluster.ts';
import { defaultTimes, Stage } from '../conformance/stage.ts';
import { buildApps, buildTimeoutMs } from '../setup/built.ts';
import { Balancer, servicesOf } from './balancer.ts';
import { proxyConfig, timeouts } from './proxy-config.ts';
import { Visitor, type VisitorPlan } from './visitor.ts';

/** Per node. */
const perAddressMax = 6;
const brokenCode = 1006;
const takeTimeoutMs = 40_000;

let cluster: Cluster;
let balancer: Balancer;
let stage: Stage;
let visitors: Visitor[] = [];

beforeAll(async () => {
  await buildApps();
  const env = { CARILLON_TRUSTED_PROXIES: '127.0.0.1', PUSH_SOCKETS_PER_ADDRESS_MAX: String(perAddressMax) };
  cluster = await startCluster({ pushNodes: 2, members: 1, env });
  balancer = await Balancer.start(servicesOf(cluster));
  const { url, socketUrl } = balancer;
  stage = new Stage({
    ...{ name: 'behind the balancer', socketUrl, collectUrl: url, authUrl: url, key: cluster.adminKey },
    ...defaultTimes,
  });
}, buildTimeoutMs);
afterAll(async () => {
  await balancer?.stop();
  await cluster?.stop();
}, 60_000);
afterEach(() => {
  for (const visitor of visitors) visitor.close();
  visitors = [];
});

/** A new user comes with a new browser, from this address. */
async function visit(plan: Partial<VisitorPlan> = {}, user = stage.newUser()): Promise<Visitor> {
  const token = await stage.token(user);
  const visitor = await Visitor.open({ url: balancer.url, token, device: randomUUID(), ...plan });
  visitors.push(visitor);
  return visitor;
}

async function post(user: string, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n += 1) await stage.post(user, { data: { n } });
}

function nodeNamed(name: string): App {
  const node = cluster.pushNodes.find((each) => each.name === name);
  if (!node) throw new Error(`there is no node ${name}`);
  return node;
}

const otherThan = (name: string) => (name === 'push-1' ? 'push-2' : 'push-1');
const upTo = (n: number) => Array.from({ length: n }, (_, at) => at + 1);
const count = (list: readonly Visitor[], node: string) => list.filter((one) => one.node === node).length;

/** The answer to an upgrade that is not granted. */
async function refusal(headers: Record<string, string>, localAddress?: string): Promise<IncomingMessage> {
  const options = localAddress === undefined ? { headers } : { headers, localAddress };
  const socket = new WebSocket(balancer.socketUrl, ['carillon.v1'], options);
  socket.on('error', () => {}); // That it was ended before it was open.
  const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  return answer;
}

describe('a client', () => {
  it('comes back to its node by its cookie, from any address, although another has less to do', async () => {
    const user = stage.newUser();
    const token = await stage.token(user);
    const first = await visit({ address: '127.0.0.2', token }, user);
    const { cookie = '' } = first;
    expect(cookie).toMatch(/^carillon=[a-z]$/);
    for (const n of upTo(4)) {
      const again = await visit({ address: `127.0.0.${n + 2}`, token, cookie }, user);
      expect(again.node).toBe(first.node);
      expect(again.cookie).toBe(cookie);
    }
  });

  it('without a cookie goes where fewer are', async () => {
    const all: Visitor[] = [];
    for (const n of upTo(8)) all.push(await visit({ address: `127.0.0.${n + 1}` }));
    // Not four each: those of the test before may still be about to leave.
    expect(Math.min(count(all, 'push-1'), count(all, 'push-2'))).toBeGreaterThanOrEqual(2);
  });

  it('whose node dies is on the other one, and gets all there is once and in order', {
    timeout: 60_000,
  }, async () => {
    const user = stage.newUser();
    const visitor = await visit({}, user);
    const { node, cookie = '' } = visitor;
    await post(user, 1, 3);
    await visitor.until(() => visitor.got.length === 3, 'three messages');
    await nodeNamed(node).kill();
    await post(user, 4, 6);
    await visitor.until(() => visitor.got.length >= 6, 'what was sent meanwhile');
    expect(visitor.got).toEqual(upTo(6));
    expect(visitor.nodes).toEqual([node, otherThan(node)]);
    // One end and no refusal: whoever comes with the cookie of a dead node is not made to wait for its check.
    expect(visitor.endings).toEqual([brokenCode]);
    expect(visitor.cookie).not.toBe(cookie);
    const late = await visit({ cookie });
    expect(late.node).toBe(otherThan(node));
    expect(late.cookie).toBe(visitor.cookie);
    await nodeNamed(node).restart();
  });
});

describe('a node that is told to go', () => {
  it('sends its clients away through the balancer, breaks none of them, and nothing is lost', {
    timeout: 90_000,
  }, async () => {
    await bothNodesTake();
    const users = upTo(8).map(() => stage.newUser());
    const all: Visitor[] = [];
    for (const user of users) all.push(await visit({ address: `127.0.0.${all.length + 2}` }, user));
    const going = nodeNamed('push-1');
    const moving = all.filter(({ node }) => node === going.name);
    const staying = all.filter((each) => !moving.includes(each));
    expect(moving.length).toBeGreaterThan(1);
    const posting = Promise.all(users.map((user) => post(user, 1, 20)));
    const { ended } = going;
    await going.kill('SIGTERM');
    expect(await ended).toBe(0);
    await posting;
    for (const visitor of all) await visitor.until(() => visitor.got.length >= 20, 'all messages');
    for (const visitor of all) expect(visitor.got).toEqual(upTo(20));
    for (const visitor of moving) {
      expect(visitor.nodes).toEqual(['push-1', 'push-2']);
      // The first is the SDK's own, on the old socket after the welcome of the new one.
      for (const code of visitor.endings) expect([1000, 4200]).toContain(code);
    }
    for (const visitor of staying) expect(visitor.endings).toEqual([]);
    await going.restart();
  });
});

describe('a balancer that reads its configuration anew', () => {
  it('leaves the open sockets alone, and the old worker ends with the last of them', {
    timeout: 90_000,
  }, async () => {
    const user = stage.newUser();
    const visitor = await visit({}, user);
    await balancer.reload(servicesOf(cluster));
    expect((await balancer.workers()).old).toHaveLength(1);
    await post(user, 1, 3);
    await visitor.until(() => visitor.got.length === 3, 'messages over the old worker');
    const after = await visit({ cookie: visitor.cookie ?? '' });
    expect(after.node).toBe(visitor.node);
    expect(visitor.endings).toEqual([]);
    visitor.close();
    await balancer.until(({ old }) => old.length === 0, 'the end of the old worker');
    expect(after.endings).toEqual([]);
  });

  it('without a node lets its sockets live, and its clients come back elsewhere', {
    timeout: 90_000,
  }, async () => {
    await bothNodesTake();
    const user = stage.newUser();
    const visitor = await visit({}, user);
    const { node, cookie = '' } = visitor;
    const services = servicesOf(cluster);
    const isLeft = (_: unknown, at: number) => cluster.pushNodes[at]?.name !== node;
    await balancer.reload({ ...services, push: services.push.filter(isLeft) });
    await post(user, 1, 2);
    await visitor.until(() => visitor.got.length === 2, 'messages on the node that was taken out');
    expect(visitor.endings).toEqual([]);
    const back = await visit({ cookie });
    expect(back.node).toBe(otherThan(node));
    await balancer.reload(services);
  });
});

describe('the address of a client', () => {
  it('is counted for what it is, whatever the client says', { timeout: 60_000 }, async () => {
    await bothNodesTake();
    const address = '127.0.0.77';
    for (const _ of upTo(2 * perAddressMax)) await visit({ address });
    const user = stage.newUser();
    const authorization = `Bearer ${await stage.token(user)}`;
    const headers = { authorization, 'x-forwarded-for': '203.0.113.1', 'x-real-ip': '203.0.113.1' };
    const answer = await refusal(headers, address);
    expect(answer.statusCode).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    const other = await visit({ address: '127.0.0.78' });
    expect(other.nodes).toHaveLength(1);
  });
});

describe('when no push node is left', () => {
  it('the answer is a 503 with a time, and clients come back by themselves when one is there', {
    timeout: 120_000,
  }, async () => {
    const user = stage.newUser();
    const visitor = await visit({}, user);
    const [one, other] = cluster.pushNodes as [App, App];
    await Promise.all([one.kill(), other.kill()]);
    const answer = await refusal({});
    expect(answer.statusCode).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    await post(user, 1, 3);
    await visitor.until(() => visitor.states.at(-1)?.state === 'waiting', 'a client that waits');
    await Promise.all([one.restart(), other.restart()]);
    await bothNodesTake();
    visitor.connect();
    await visitor.until(() => visitor.got.length === 3, 'what was sent meanwhile');
    expect(visitor.got).toEqual(upTo(3));
  });
});

it('a connection is kept for longer than the services tell the client that it is', async () => {
  for (const path of ['/v1/messages/msg_x', '/v1/tokens', '/v1/connect']) {
    const { headers } = await fetch(`${balancer.url}${path}`);
    const toldS = Number(/timeout=(\d+)/.exec(headers.get('keep-alive') ?? '')?.[1]);
    expect(toldS, path).toBeLessThan(timeouts(proxyConfig)['http-keep-alive'] ?? 0);
  }
});

it('answers of the services show nothing of what is inside', async () => {
  const headers = { authorization: `Bearer ${cluster.adminKey}` };
  const paths = ['/v1/messages/msg_x', '/v1/tokens', '/.well-known/jwks.json', '/v1/connect', '/docs/errors'];
  for (const path of paths) {
    const answer = await fetch(`${balancer.url}${path}`, { headers });
    const text = JSON.stringify([...answer.headers]) + (await answer.text());
    expect(text, path).not.toMatch(/push-\d|127\.0\.0\.1|"(?:server|via|x-powered-by)"/i);
    for (const { url, internalUrl } of cluster.processes)
      for (const one of [url, internalUrl]) expect(text, path).not.toContain(`:${new URL(one).port}`);
  }
});

/** The balancer has seen of both nodes that they are ready again: each takes a newcomer. */
async function bothNodesTake(): Promise<void> {
  const late = Date.now() + takeTimeoutMs;
  while (Date.now() < late) {
    const pair = [await visit(), await visit()];
    for (const visitor of pair) visitor.close();
    if (count(pair, 'push-1') === 1 && count(pair, 'push-2') === 1) return;
  }
  throw new Error('not reached: newcomers on both nodes');
}
