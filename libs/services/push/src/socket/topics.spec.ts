// Topics and `all` over real sockets: who may follow, where it starts, and that nothing is lost between.
import { allLog, deviceKey, type LogKey, topicLog, userKey } from '@carillon/domain';
import { limits } from '@carillon/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PushRig, type TestDevice } from './push-rig.fixture.js';

const orders = topicLog('default', 'orders');
const all = allLog('default');
const phone = deviceKey(userKey('default', '42'), 'd1');

let rig: PushRig;

beforeEach(async () => {
  rig = await PushRig.start();
  rig.allow('orders', 'news.*');
});

afterEach(() => rig.stop());

const stored = async (log: LogKey) => (await rig.ports.store.cursors.load(phone, [log])).get(log);

/** Appends to the log and tells it, as Collect and Dispatch do. */
async function post(log: LogKey, count = 1): Promise<void> {
  const head = (await rig.ports.store.log.heads([log])).get(log) ?? 0;
  await rig.append(log, count);
  await rig.publish(log, head);
}

async function subscribed(device: TestDevice, topic: string, cursor?: number) {
  const count = device.frames.filter(({ type }) => type === 'subscribed').length + 1;
  device.send({ type: 'subscribe', topic, ...(cursor === undefined ? {} : { cursor }) });
  return device.frame('subscribed', count);
}

describe('topics of a hello', () => {
  it('are followed where the token allows them, by name or by the beginning of it', async () => {
    const device = rig.device();
    const welcome = await device.hello({ topics: ['orders', 'news.de', 'news.de', 'secrets', 'orders2'] });
    expect(Object.keys(welcome.logs).sort()).toEqual(['all', 'topic:news.de', 'topic:orders', 'user']);
    expect(await device.frame('error', 2)).toMatchObject({ code: 'scope_missing', ref: 'orders2' });
    expect(await device.frame('error', 1)).toMatchObject({ ref: 'secrets', retryable: false });
    expect(device.frames[0]?.type).toBe('welcome');
    await post(orders);
    await post(topicLog('default', 'news.de'));
    await device.frame('message', 2);
    expect(device.seqs('topic:orders')).toEqual([1]);
    expect(device.seqs('topic:news.de')).toEqual([1]);
  });

  it('are all that there are for a token that allows everything', async () => {
    rig.allow('*');
    expect((await rig.device().hello({ topics: ['x', 'y'] })).logs).toHaveProperty('topic:y');
  });

  it('start at the head for a new device, and at its stored position for a known one', async () => {
    await rig.append(orders, 5);
    const device = rig.device();
    const welcome = await device.hello({ device: 'd1', topics: ['orders'] });
    expect(welcome.logs['topic:orders']).toEqual({ from: 5, head: 5, resumed: true });
    expect(await stored(orders)).toBe(5);
    expect(await stored(all)).toBe(0);
    await rig.append(orders, 2);
    const again = rig.device();
    const second = await again.hello({ device: 'd1', topics: ['orders'] });
    expect(second.logs['topic:orders']).toEqual({ from: 5, head: 7, resumed: true });
    await again.frame('message', 2);
    expect(again.seqs('topic:orders')).toEqual([6, 7]);
  });

  it('resume at the cursor of the hello, which is an ack', async () => {
    await rig.append(orders, 5);
    const device = rig.device();
    const welcome = await device.hello({ device: 'd1', topics: ['orders'], cursors: { 'topic:orders': 3 } });
    expect(welcome.logs['topic:orders']).toEqual({ from: 3, head: 5, resumed: true });
    await device.frame('message', 2);
    expect(device.seqs('topic:orders')).toEqual([4, 5]);
    expect(await stored(orders)).toBe(3);
  });

  it.each([
    ['of another user', { user: '43' }],
    ['of another epoch', { epoch: 'other' }],
  ])('ignore a cursor %s', async (_name, claim) => {
    await rig.append(orders, 5);
    const hello = { ...claim, topics: ['orders'], cursors: { 'topic:orders': 3, all: 0 } };
    const welcome = await rig.device().hello(hello);
    expect(welcome.logs['topic:orders']).toEqual({ from: 5, head: 5, resumed: false });
    expect(welcome.logs.all).toMatchObject({ resumed: false });
  });

  it('say resumed: false where purge has taken what the cursor needs', async () => {
    await rig.append(orders, 5, 1_000);
    await rig.ports.clock.advance(5_000);
    const now = rig.ports.clock.now();
    await rig.ports.store.keeping.purge(orders, { expiredBefore: now, acceptedBefore: now, limit: 3 });
    const welcome = await rig.device().hello({ topics: ['orders'], cursors: { 'topic:orders': 1 } });
    expect(welcome.logs['topic:orders']).toMatchObject({ from: 3, resumed: false });
  });

  it('are as many as a session may have, the rest is refused by name', async () => {
    rig.allow('*');
    const topics = Array.from({ length: limits.topicsPerSessionMax }, (_, n) => `t${n}`);
    const device = rig.device();
    expect(Object.keys((await device.hello({ topics })).logs)).toHaveLength(limits.topicsPerSessionMax + 2);
    device.send({ type: 'subscribe', topic: 'one-more' });
    expect(await device.frame('error')).toMatchObject({ code: 'validation_failed', ref: 'one-more' });
    device.send({ type: 'unsubscribe', topic: 't0' });
    await device.frame('unsubscribed');
    expect((await subscribed(device, 'one-more')).log).toBe('topic:one-more');
  });
});

describe('the 21st device of a user', () => {
  it('evicts the one seen longest ago, which then starts anew in every log', async () => {
    const come = async (device: string) => {
      const one = rig.device();
      const { logs } = await one.hello({ device, topics: ['orders'] });
      await rig.ports.clock.advance(300); // its sighting is written
      one.socket.close(1000);
      await one.closed;
      return logs['topic:orders'];
    };
    await come('d1');
    await rig.append(orders, 2);
    expect(await stored(orders)).toBe(0);
    for (let n = 2; n <= limits.devicesPerUserMax + 1; n++) await come(`d${n}`);
    expect(await stored(orders)).toBeUndefined();
    expect(await come('d1')).toEqual({ from: 2, head: 2, resumed: true });
  });
});

describe('all', () => {
  it('reaches every session, whatever its token says', async () => {
    rig.allow();
    const devices = [rig.device(), rig.device(), rig.device()];
    await Promise.all(devices.map((device, n) => device.hello({ instance: `i${n}` })));
    await post(all, 3);
    for (const device of devices) {
      await device.frame('message', 3);
      expect(device.seqs('all')).toEqual([1, 2, 3]);
    }
  });

  it('is not heard by a session of another tenant', async () => {
    const stranger = rig.device(undefined, {});
    rig.verdict = () => ({ verdict: 'accepted', tenant: 'other', user: '42', expiresAt: 2e12 });
    const bearer = rig.device(['carillon.v1'], { authorization: 'Bearer t' });
    await bearer.hello();
    await post(all);
    await bearer.roundTrip();
    expect(bearer.seqs()).toEqual([]);
    stranger.socket.terminate();
  });
});

describe('subscribe', () => {
  it('is answered with where the topic starts, and its messages follow', async () => {
    await rig.append(orders, 2);
    const device = rig.device();
    await device.hello({ device: 'd1' });
    expect(await subscribed(device, 'orders')).toMatchObject({
      ...{ log: 'topic:orders', from: 2, head: 2, resumed: true },
    });
    expect(await stored(orders)).toBe(2);
    await post(orders, 2);
    await device.frame('message', 2);
    expect(device.seqs('topic:orders')).toEqual([3, 4]);
  });

  it('resumes at its cursor', async () => {
    await rig.append(orders, 4);
    const device = rig.device();
    await device.hello();
    expect(await subscribed(device, 'orders', 1)).toMatchObject({ from: 1, head: 4, resumed: true });
    await device.frame('message', 3);
    expect(device.seqs('topic:orders')).toEqual([2, 3, 4]);
    expect(await rig.context.metrics.text()).toContain('carillon_resumes_total{resumed="true"} 1');
  });

  it('twice is answered twice, sends nothing twice, and takes the cursor for an ack', async () => {
    const device = rig.device();
    await device.hello({ device: 'd1' });
    await subscribed(device, 'orders');
    await post(orders, 2);
    await device.frame('message', 2);
    expect(await subscribed(device, 'orders', 1)).toMatchObject({ from: 2, head: 2, resumed: true });
    device.socket.close(1000);
    await device.closed;
    await rig.ports.clock.advance(300);
    expect(device.seqs('topic:orders')).toEqual([1, 2]);
    expect(await stored(orders)).toBe(1);
  });

  it('again with a cursor that this node has not heard of looks into the store', async () => {
    const device = rig.device();
    await device.hello({ device: 'd1' });
    await subscribed(device, 'orders');
    await rig.append(orders, 2); // no doorbell came
    expect(await subscribed(device, 'orders', 2)).toMatchObject({ from: 2, head: 2, resumed: true });
    expect(await subscribed(device, 'orders', 3)).toMatchObject({ from: 2, head: 2, resumed: false });
    rig.ports.store.isAway = true;
    device.send({ type: 'subscribe', topic: 'orders', cursor: 3 });
    expect((await device.frame('error')).code).toBe('store_unavailable');
  });

  it('twice in one packet is answered twice too', async () => {
    const device = rig.device();
    await device.hello();
    device.sendAtOnce({ type: 'subscribe', topic: 'orders' }, { type: 'subscribe', topic: 'orders' });
    await device.frame('subscribed', 2);
    await post(orders);
    await device.frame('message');
    expect(device.seqs('topic:orders')).toEqual([1]);
  });

  it('to what the token does not allow is an error, and the session goes on', async () => {
    const device = rig.device();
    await device.hello();
    device.send({ type: 'subscribe', topic: 'secrets' });
    expect(await device.frame('error')).toMatchObject({ code: 'scope_missing', ref: 'secrets' });
    await subscribed(device, 'orders');
  });

  it('while the store is away is an error that may be tried again', async () => {
    const device = rig.device();
    await device.hello();
    rig.ports.store.isAway = true;
    device.send({ type: 'subscribe', topic: 'orders' });
    expect(await device.frame('error')).toMatchObject({ code: 'store_unavailable', retryable: true });
    rig.ports.store.isAway = false;
    await subscribed(device, 'orders');
    await rig.antiEntropy.compareAll();
    await device.roundTrip();
    expect(device.frames.filter(({ type }) => type === 'subscribed')).toHaveLength(1);
  });

  it('while the store is away is tried again, unless the client no longer wants it', async () => {
    const device = rig.device();
    await device.hello();
    rig.ports.store.isAway = true;
    for (const topic of ['orders', 'orders.eu']) device.send({ type: 'subscribe', topic, cursor: 0 });
    await device.frame('error', 2);
    rig.ports.store.isAway = false;
    device.send({ type: 'unsubscribe', topic: 'orders.eu' });
    await device.frame('unsubscribed');
    await post(orders);
    await rig.antiEntropy.compareAll();
    expect(await device.frame('subscribed')).toMatchObject({ log: 'topic:orders' });
    await device.frame('message');
    await device.roundTrip();
    expect(device.frames.filter(({ type }) => type === 'subscribed')).toHaveLength(1);
  });

  it('while messages flow leaves no gap and sends nothing twice', async () => {
    const device = rig.device();
    await device.hello();
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const { log: messages } = rig.ports.store;
    const heads = messages.heads.bind(messages);
    await post(orders, 2);
    messages.heads = (logs) => heads(logs).then((found) => held.then(() => found)); // it says 2
    device.send({ type: 'subscribe', topic: 'orders' });
    await device.roundTrip();
    messages.heads = heads;
    await post(orders, 3);
    release();
    await device.frame('message', 3);
    await post(orders);
    await device.frame('message', 4);
    expect(device.seqs('topic:orders')).toEqual([3, 4, 5, 6]);
  });

  it('reads no log before the bus brings its doorbells (A5)', async () => {
    const device = rig.device();
    await device.hello();
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    rig.ports.bus.ping = () => held;
    const asked: LogKey[] = [];
    const { log: messages } = rig.ports.store;
    const heads = messages.heads.bind(messages);
    messages.heads = (logs) => {
      asked.push(...logs);
      return heads(logs);
    };
    device.send({ type: 'subscribe', topic: 'orders' });
    await device.roundTrip();
    await rig.ports.clock.advance(10);
    expect(asked).toEqual([]);
    release();
    await device.frame('subscribed');
    expect(asked).toEqual([orders]);
  });

  it('works while the bus is away, and anti-entropy brings what it would have told', async () => {
    const device = rig.device();
    await device.hello();
    rig.ports.bus.goAway();
    await subscribed(device, 'orders');
    await post(orders, 2);
    await rig.beat(20_000, device);
    await device.frame('message', 2);
    expect(device.seqs('topic:orders')).toEqual([1, 2]);
    rig.ports.bus.comeBack();
  });
});

describe('unsubscribe', () => {
  it('is answered, also when there is nothing to leave, and no frame of the topic follows', async () => {
    const device = rig.device();
    await device.hello();
    device.send({ type: 'unsubscribe', topic: 'orders' });
    expect((await device.frame('unsubscribed')).log).toBe('topic:orders');
    await subscribed(device, 'orders');
    device.send({ type: 'unsubscribe', topic: 'orders' });
    await device.frame('unsubscribed', 2);
    await post(orders);
    await device.roundTrip();
    expect(device.seqs()).toEqual([]);
  });

  it('with frames under way takes their acks without a word, and keeps what was acked before', async () => {
    const device = rig.device();
    await device.hello({ device: 'd1' });
    await subscribed(device, 'orders');
    await post(orders, 3);
    await device.frame('message', 3);
    device.send({ type: 'ack', log: 'topic:orders', seq: 2 });
    device.send({ type: 'unsubscribe', topic: 'orders' });
    await device.frame('unsubscribed');
    device.send({ type: 'ack', log: 'topic:orders', seq: 3 });
    await device.roundTrip();
    expect(device.isOpen).toBe(true);
    await rig.ports.clock.advance(300);
    expect(await stored(orders)).toBe(2);
    expect(await subscribed(device, 'orders')).toMatchObject({ from: 2, head: 3, resumed: true });
    await device.frame('message', 4);
    expect(device.seqs('topic:orders')).toEqual([1, 2, 3, 3]);
  });

  it('in one packet with subscribes is done in their order, each with its answer', async () => {
    const device = rig.device();
    await device.hello();
    const subscribe = { type: 'subscribe', topic: 'orders' } as const;
    const unsubscribe = { type: 'unsubscribe', topic: 'orders' } as const;
    device.sendAtOnce(subscribe, unsubscribe, subscribe, { type: 'ack', log: 'topic:orders', seq: 9 });
    await device.frame('subscribed', 2);
    expect(device.frames.map(({ type }) => type)).toEqual([
      'welcome',
      'subscribed',
      'unsubscribed',
      'subscribed',
    ]);
    await post(orders);
    await device.frame('message');
    expect(device.seqs('topic:orders')).toEqual([1]);
  });

  it('of a session that ends at the same time leaves nothing behind', async () => {
    const device = rig.device();
    await device.hello();
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    rig.ports.bus.ping = () => held;
    device.send({ type: 'subscribe', topic: 'orders' });
    await device.roundTrip();
    device.socket.terminate();
    await device.closed;
    await rig.ports.clock.advance(10);
    release();
    await rig.ports.clock.advance(10);
    expect(rig.registry.logs()).toEqual([]);
  });
});

describe('an ack', () => {
  it('beyond the head of a topic closes 4000', async () => {
    const device = rig.device();
    await device.hello({ topics: ['orders'] });
    device.send({ type: 'ack', log: 'topic:orders', seq: 1 });
    expect(await device.closed).toBe(4000);
  });

  it('of a topic is written within a minute, or when the socket closes', async () => {
    const device = rig.device();
    await device.hello({ device: 'd1', topics: ['orders'] });
    await post(orders, 2);
    await device.frame('message', 2);
    device.send({ type: 'ack', log: 'topic:orders', seq: 1 });
    await device.roundTrip();
    await rig.ports.clock.advance(1_000);
    expect(await stored(orders)).toBe(0);
    device.send({ type: 'ack', log: 'topic:orders', seq: 2 });
    await rig.beat(60_000, device);
    expect(await stored(orders)).toBe(2);
    const [receipt] = await rig.ports.store.receipts.ofEntry(orders, 2, userKey('default', '42'));
    expect(receipt).toMatchObject({ device: phone, sent: [{ from: 1, to: 2, way: 'live' }] });
    await post(orders);
    await device.frame('message', 3);
    device.send({ type: 'ack', log: 'topic:orders', seq: 3 });
    await device.roundTrip();
    device.socket.close(1000);
    await device.closed;
    await rig.ports.clock.advance(300);
    expect(await stored(orders)).toBe(3);
  });
});

describe('a newer token', () => {
  it('that allows less ends what it does not allow', async () => {
    const device = rig.device();
    await device.hello({ topics: ['orders', 'news.de'] });
    rig.allow('news.*');
    device.send({ type: 'token', token: 'newer' });
    expect(await device.frame('error')).toMatchObject({ code: 'scope_missing', ref: 'orders' });
    expect((await device.frame('unsubscribed')).log).toBe('topic:orders');
    await post(orders);
    await post(topicLog('default', 'news.de'));
    await device.frame('message');
    expect(device.seqs('topic:orders')).toEqual([]);
  });
});
