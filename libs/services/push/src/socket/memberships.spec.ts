// Topics that a session follows because a business system said so, and how that changes while it is there.
import { allLog, deviceKey, type LogKey, topicLog, userKey } from '@carillon/domain';
import { limits } from '@carillon/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PushRig, type TestDevice } from './push-rig.fixture.js';

const user = userKey('default', '42');
const team = topicLog('default', 'team');

let rig: PushRig;

beforeEach(async () => {
  rig = await PushRig.start();
});

afterEach(() => rig.stop());

async function join(head: number, topic: LogKey = team): Promise<void> {
  await rig.ports.store.members.join([{ topic, user, head, joinedAt: rig.ports.clock.now() }]);
}

async function leave(topic: LogKey = team): Promise<void> {
  await rig.ports.store.members.leave([{ topic, user }]);
}

const tell = (topic: LogKey = team) => rig.notify({ type: 'membership', user, topic });

async function post(count = 1): Promise<void> {
  const head = (await rig.ports.store.log.heads([team])).get(team) ?? 0;
  await rig.append(team, count);
  await rig.publish(team, head);
}

const unsubscribe = (device: TestDevice) => device.send({ type: 'unsubscribe', topic: 'team' });

describe('a membership', () => {
  it('is followed from where the user joined, without asking', async () => {
    await rig.append(team, 3);
    await join(2);
    const device = rig.device();
    const welcome = await device.hello({ device: 'd1' });
    expect(welcome.logs['topic:team']).toEqual({ from: 2, head: 3, resumed: true });
    await device.frame('message');
    await post();
    await device.frame('message', 2);
    expect(device.seqs('topic:team')).toEqual([3, 4]);
  });

  it('goes on where the device was', async () => {
    await rig.append(team, 5);
    await join(0);
    await rig.ports.store.cursors.begin([{ device: deviceKey(user, 'd1'), log: team, seq: 3 }]);
    const welcome = await rig.device().hello({ device: 'd1' });
    expect(welcome.logs['topic:team']).toEqual({ from: 3, head: 5, resumed: true });
    const other = await rig.device().hello({ instance: 'i2', cursors: { 'topic:team': 4 } });
    expect(other.logs['topic:team']).toEqual({ from: 4, head: 5, resumed: true });
  });

  it('shows nothing of before, whatever position is claimed, and says that there is a gap', async () => {
    await rig.append(team, 5);
    await join(4);
    const device = rig.device();
    const welcome = await device.hello({ cursors: { 'topic:team': 1 } });
    expect(welcome.logs['topic:team']).toEqual({ from: 4, head: 5, resumed: false });
    await device.frame('message');
    expect(device.seqs('topic:team')).toEqual([5]);
  });

  it('takes nothing from who may read the topic anyway', async () => {
    rig.allow('team');
    await rig.append(team, 5);
    await join(4);
    const device = rig.device();
    const welcome = await device.hello({ topics: ['team'], cursors: { 'topic:team': 1 } });
    expect(welcome.logs['topic:team']).toEqual({ from: 1, head: 5, resumed: true });
  });

  it('that is asked for although the token does not allow the topic is no fault', async () => {
    await join(0);
    const device = rig.device();
    expect((await device.hello({ topics: ['team'] })).logs).toHaveProperty('topic:team');
    device.send({ type: 'subscribe', topic: 'team' });
    await device.frame('subscribed');
    expect(device.frames.some(({ type }) => type === 'error')).toBe(false);
  });

  it('cannot be left by the client', async () => {
    await join(0);
    const device = rig.device();
    await device.hello();
    unsubscribe(device);
    expect(await device.frame('error')).toMatchObject({ code: 'scope_missing', ref: 'team' });
    await post();
    await device.frame('message');
  });

  it('is followed with as many others as a session may have', async () => {
    for (let n = 0; n < limits.topicsPerSessionMax + 5; n++) await join(0, topicLog('default', `t${n}`));
    const { logs } = await rig.device().hello();
    expect(Object.keys(logs)).toHaveLength(limits.topicsPerSessionMax + 2);
  });
});

describe('a membership that begins during a session', () => {
  it('is followed at once, from where the user joined, and the client is told', async () => {
    const [one, two] = [rig.device(), rig.device()];
    await one.hello();
    await two.hello({ instance: 'i2' });
    await rig.append(team, 2);
    await join(1);
    await tell();
    for (const device of [one, two]) {
      expect(await device.frame('subscribed')).toMatchObject({
        ...{ log: 'topic:team', from: 1, head: 2, resumed: true },
      });
      await device.frame('message');
      expect(device.seqs('topic:team')).toEqual([2]);
    }
  });

  it('is found by anti-entropy when nobody said so', async () => {
    const device = rig.device();
    await device.hello();
    await join(0);
    await rig.beat(20_000, device);
    expect((await device.frame('subscribed')).log).toBe('topic:team');
  });

  it('is not missed by a session that is being opened', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const { log: messages, members } = rig.ports.store;
    const heads = messages.heads.bind(messages);
    messages.heads = (logs) => held.then(() => heads(logs));
    const device = await rig.device().open();
    device.send({ type: 'hello', instance: 'i1', cursors: {}, topics: [] });
    await device.roundTrip();
    await rig.ports.clock.advance(10);
    expect((await members.ofUsers([user])).size).toBe(0);
    await join(0);
    await tell();
    release();
    await device.frame('welcome');
    expect((await device.frame('subscribed')).log).toBe('topic:team');
  });

  it('leaves alone what the client follows already', async () => {
    rig.allow('team');
    const device = rig.device();
    await device.hello({ topics: ['team'] });
    await join(0);
    await tell();
    await post();
    await device.frame('message');
    expect(device.frames.some(({ type }) => type === 'subscribed')).toBe(false);
    await leave();
    await tell();
    await post();
    await device.frame('message', 2);
    unsubscribe(device);
    await device.frame('unsubscribed');
  });
});

describe('a membership that ends during a session', () => {
  it('stops the topic at once, and the client is told', async () => {
    await join(0);
    const device = rig.device();
    await device.hello();
    await post();
    await device.frame('message');
    await leave();
    await tell();
    expect((await device.frame('unsubscribed')).log).toBe('topic:team');
    await post();
    device.send({ type: 'ack', log: 'topic:team', seq: 1 });
    await device.roundTrip();
    expect(device.isOpen).toBe(true);
    expect(device.seqs('topic:team')).toEqual([1]);
  });

  it('is found by anti-entropy when nobody said so', async () => {
    await join(0);
    const device = rig.device();
    await device.hello();
    await leave();
    await rig.beat(20_000, device);
    await device.frame('unsubscribed');
  });

  it('and begins again shows nothing of the time between', async () => {
    await join(0);
    const device = rig.device();
    await device.hello({ device: 'd1' });
    await post(2);
    await device.frame('message', 2);
    device.send({ type: 'ack', log: 'topic:team', seq: 2 });
    await leave();
    await tell();
    await post(3);
    await join(5);
    await tell();
    expect(await device.frame('subscribed')).toMatchObject({ from: 5, head: 5, resumed: false });
    await post();
    await device.frame('message', 3);
    expect(device.seqs('topic:team')).toEqual([1, 2, 6]);
  });

  it('and begins again goes on where this client was, not where another of its device is', async () => {
    await join(0);
    const [behind, ahead] = [rig.device(), rig.device()];
    await behind.hello({ device: 'd1' });
    await ahead.hello({ device: 'd1', instance: 'i2' });
    await post(3);
    for (const device of [behind, ahead]) await device.frame('message', 3);
    behind.send({ type: 'ack', log: 'topic:team', seq: 1 });
    ahead.send({ type: 'ack', log: 'topic:team', seq: 3 });
    await Promise.all([behind.roundTrip(), ahead.roundTrip()]);
    await leave();
    await tell();
    await join(0);
    await tell();
    expect(await behind.frame('subscribed')).toMatchObject({ from: 1, head: 3, resumed: true });
    expect(await ahead.frame('subscribed')).toMatchObject({ from: 3, head: 3, resumed: true });
    await behind.frame('message', 5);
    expect(behind.seqs('topic:team')).toEqual([1, 2, 3, 2, 3]);
  });

  it.each([
    ['of the hello', { cursors: { 'topic:team': 1 } }, undefined],
    ['of a subscribe that was refused', {}, 1],
  ])('and begins again is no continuity for a cursor %s', async (_name, hello, cursor) => {
    await post(3);
    const device = rig.device();
    await device.hello(hello);
    if (cursor !== undefined) device.send({ type: 'subscribe', topic: 'team', cursor });
    await device.roundTrip();
    await join(3);
    await tell();
    expect(await device.frame('subscribed')).toMatchObject({ from: 3, head: 3, resumed: false });
    device.send({ type: 'subscribe', topic: 'team', cursor: 1 });
    expect(await device.frame('subscribed', 2)).toMatchObject({ from: 3, resumed: false });
    device.send({ type: 'subscribe', topic: 'team', cursor: 3 });
    expect(await device.frame('subscribed', 3)).toMatchObject({ from: 3, resumed: true });
  });

  it.each(['unsubscribed', 'not allowed any more'])(
    'and a topic that was %s before goes on where this client was',
    async (how) => {
      rig.allow('team');
      const [behind, ahead] = [rig.device(), rig.device()];
      for (const [n, one] of [behind, ahead].entries())
        await one.hello({ device: 'd1', instance: `i${n}`, topics: ['team'] });
      await post(3);
      for (const one of [behind, ahead]) await one.frame('message', 3);
      behind.send({ type: 'ack', log: 'topic:team', seq: 1 });
      ahead.send({ type: 'ack', log: 'topic:team', seq: 3 });
      await ahead.roundTrip();
      if (how === 'unsubscribed') unsubscribe(behind);
      else {
        rig.allow();
        behind.send({ type: 'token', token: 'newer' });
      }
      await behind.frame('unsubscribed');
      await join(2);
      await tell();
      expect(await behind.frame('subscribed')).toMatchObject({ from: 2, resumed: false });
    },
  );

  it('ends nothing while the store cannot be asked', async () => {
    await join(0);
    const device = rig.device();
    await device.hello();
    rig.ports.store.isAway = true;
    await tell();
    rig.ports.store.isAway = false;
    await post();
    await device.frame('message');
  });
});

describe('a notice', () => {
  it('that an administrator disconnects a user closes all sessions of that user, and no others', async () => {
    const [one, two] = [rig.device(), rig.device()];
    await one.hello();
    await two.hello({ instance: 'i2' });
    const { verdict } = rig;
    rig.verdict = (token) => ({ ...verdict(token), user: '43' }) as ReturnType<typeof verdict>;
    const other = rig.device();
    await other.hello();
    await rig.notify({ type: 'disconnect', user });
    expect([await one.closed, await two.closed]).toEqual([4004, 4004]);
    expect(other.isOpen).toBe(true);
  });

  it('of what was read reaches other connections on other nodes, and the ledger', async () => {
    const second = await PushRig.start({ CARILLON_NODE: 'push-2' }, { beside: rig });
    const [one, two, three] = [rig.device(), rig.device(), second.device()];
    for (const [n, device] of [one, two, three].entries()) await device.hello({ instance: `i${n}` });
    one.send({ type: 'read', ids: ['msg_1', 'msg_2'] });
    await one.roundTrip();
    await rig.ports.clock.advance(300);
    for (const device of [two, three]) expect((await device.frame('read')).ids).toEqual(['msg_1', 'msg_2']);
    await Promise.all([one, two, three].map((device) => device.roundTrip()));
    const reads = [one, two, three].map(
      (device) => device.frames.filter(({ type }) => type === 'read').length,
    );
    expect(reads).toEqual([0, 1, 1]);
    const at = (await rig.ports.store.reads.ofMessage('msg_2', [user])).get(user);
    expect(at).toBeGreaterThan(rig.ports.clock.now() - 1_000);
    await second.stop();
  });

  it('that nobody can read changes nothing', async () => {
    const device = rig.device();
    await device.hello();
    rig.ports.bus.publish('carillon.notices', new Uint8Array([1, 2, 255]));
    await rig.ports.clock.advance(1);
    await device.roundTrip();
    expect(device.isOpen).toBe(true);
  });
});

describe('on another node', () => {
  it('topics, memberships and all resume where the first one was', async () => {
    rig.allow('orders');
    await join(0);
    const logs = [topicLog('default', 'orders'), team, allLog('default')];
    const second = await PushRig.start({ CARILLON_NODE: 'push-2' }, { beside: rig });
    const device = rig.device();
    await device.hello({ device: 'd1', topics: ['orders'] });
    for (const log of logs) {
      await rig.append(log, 3);
      await rig.publish(log, 0);
    }
    await device.frame('message', 9);
    for (const log of ['topic:orders', 'topic:team', 'all']) device.send({ type: 'ack', log, seq: 2 });
    await device.roundTrip();
    device.socket.close(1000);
    await device.closed;
    await rig.ports.clock.advance(300);
    const again = second.device();
    const welcome = await again.hello({ device: 'd1', topics: ['orders'] });
    for (const log of ['topic:orders', 'topic:team', 'all']) {
      expect(welcome.logs[log]).toEqual({ from: 2, head: 3, resumed: true });
    }
    await again.frame('message', 3);
    expect(again.seqs()).toEqual([3, 3, 3]);
    await second.stop();
  });
});
