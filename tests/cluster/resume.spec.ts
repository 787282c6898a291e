// A device may come back on any node, at any moment: nothing missing, nothing out of order, continuity as
// promised.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type ClusterNode, startNode } from './node.js';
import { Tab } from './tab.js';

let one: ClusterNode;
let two: ClusterNode;

beforeAll(async () => {
  const servers = {
    mongoUrl: inject('mongoUrl'),
    redisUrl: inject('redisUrl'),
    natsUrl: inject('natsUrl'),
    name: 'resume',
  };
  [one, two] = await Promise.all([startNode(servers, 'node-a'), startNode(servers, 'node-b')]);
}, 60_000);

afterAll(async () => {
  await Promise.all([one?.stop(), two?.stop()]);
}, 60_000);

/** Posts so many messages in a row, over both Collects in turns; resolves with their ids in order. */
async function post(user: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const { status, body } = await [one, two][n % 2]!.post('/v1/messages', {
      to: `user:${user}`,
      event: 'e',
    });
    expect(status).toBe(202);
    ids.push(body.id);
  }
  return ids;
}

/** A backlog in one request. */
async function postBatch(user: string, count: number): Promise<string[]> {
  const messages = Array.from({ length: count }, (_, n) => ({ to: `user:${user}`, event: 'e', data: n }));
  const { body } = await one.post('/v1/messages:batch', { messages });
  return body.results.map((result: { id: string }) => result.id);
}

describe('a device', () => {
  it('gets what was posted at another node, live', async () => {
    const tab = new Tab('live', 'd1');
    await tab.connect(two);
    const ids = await post('live', 20);
    await tab.until(20);
    expect(tab.ids).toEqual(ids);
    expect(tab.againCount).toBe(0);
  });

  it('resumes on the other node before it ever had a message', async () => {
    const tab = new Tab('early', 'd1');
    await tab.connect(one);
    tab.drop();
    const ids = await post('early', 3);
    await tab.connect(two);
    await tab.until(3);
    expect(tab.ids).toEqual(ids);
    expect(tab.welcome).toMatchObject({ logs: { user: { from: 0, resumed: true } } });
  });

  it('changes nodes in the middle of the second page of its backlog', async () => {
    const tab = new Tab('backlog', 'd1');
    const ids = await postBatch('backlog', 350);
    await tab.connect(one);
    await tab.until(130);
    tab.drop();
    await tab.connect(two);
    await tab.until(350);
    expect(tab.ids).toEqual(ids);
    expect(tab.seqs).toEqual(ids.map((_, at) => at + 1));
  });

  it('resumes twice within a few milliseconds', async () => {
    const tab = new Tab('twice', 'd1');
    const ids = await postBatch('twice', 200);
    await tab.connect(one);
    const [later] = await Promise.all([tab.connect(two), tab.connect(one).catch(() => undefined)]);
    expect(later.readyState).toBe(later.OPEN);
    await tab.until(200);
    expect(tab.ids).toEqual(ids);
  });

  it('with sockets to both nodes at once takes each message once, and acks of either count', async () => {
    const tab = new Tab('both', 'd1');
    await Promise.all([tab.connect(one), tab.connect(two)]);
    const ids = await post('both', 40);
    await tab.until(40);
    expect(tab.ids).toEqual(ids);
    // The store knows the position once the ledger does; a page that has forgotten its own starts there.
    await expect
      .poll(async () => (await one.get(`/v1/messages/${ids.at(-1)}/deliveries/both`)).body.status)
      .toBe('delivered');
    tab.drop();
    const next = new Tab('both', 'd1');
    await next.connect(one);
    const more = await post('both', 1);
    await next.until(1);
    expect(next.ids).toEqual(more);
  });

  it('gets again on the other node what it had not acknowledged', async () => {
    const tab = new Tab('unacked', 'd1', false);
    const ids = await post('unacked', 10);
    await tab.connect(one);
    await tab.until(10);
    tab.drop();
    const same = new Tab('unacked', 'd1');
    await same.connect(two);
    await same.until(10);
    expect(same.ids).toEqual(ids);
  });
});

describe('two devices of one user on two nodes', () => {
  it('both get everything in the same order while messages come', async () => {
    const [phone, laptop] = [new Tab('pair', 'phone'), new Tab('pair', 'laptop')];
    await Promise.all([phone.connect(one), laptop.connect(two)]);
    const posted = await Promise.all(Array.from({ length: 8 }, () => post('pair', 10)));
    await Promise.all([phone.until(80), laptop.until(80)]);
    expect(laptop.ids).toEqual(phone.ids);
    expect([...phone.ids].sort()).toEqual(posted.flat().sort());
    for (const inARow of posted) {
      const places = inARow.map((id) => phone.ids.indexOf(id));
      expect(places).toEqual([...places].sort((a, b) => a - b));
    }
  });

  it('are told apart by the answer to "did he get it?"', async () => {
    const phone = new Tab('asked', 'phone');
    await phone.connect(one);
    const [id] = await post('asked', 1);
    await phone.until(1);
    await expect
      .poll(async () => (await two.get(`/v1/messages/${id}/deliveries/asked`)).body)
      .toMatchObject({
        status: 'delivered',
        devices: [{ device: 'phone', node: 'node-a', status: 'delivered' }],
      });
  });
});
