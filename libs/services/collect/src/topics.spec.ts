/** Memberships and erasure, as business systems ask for them. */
import { fromJsonBytes, type Notice, subjects, topicLog, userLog } from '@carillon/domain';
import { device, draft, type FakeClock, type MemoryPorts, memoryPorts, user } from '@carillon/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { Erasure } from './erasure.js';
import { Topics } from './topics.js';

const topic = topicLog('demo', 'orders');
const [ann, bob] = [user('ann'), user('bob')];

let ports: MemoryPorts;
let clock: FakeClock;
let topics: Topics;
let notices: Notice[];

beforeEach(async () => {
  ports = await memoryPorts();
  ({ clock } = ports);
  const { store, bus } = ports;
  topics = new Topics(store.members, store.log, bus, clock);
  notices = [];
  bus.subscribe(subjects.notices, ({ data }) => notices.push(fromJsonBytes<Notice>(data)));
});

describe('a membership', () => {
  it('begins at the head of the topic, and is told to the nodes', async () => {
    await append(3);
    await topics.change('demo', 'orders', { add: ['ann'] });
    await append(2);
    await topics.change('demo', 'orders', { add: ['ann', 'bob'] });
    const found = await ports.store.members.ofUsers([ann, bob]);
    expect(found.get(ann)).toMatchObject([{ topic, head: 3 }]);
    expect(found.get(bob)).toMatchObject([{ topic, head: 5 }]);
    await clock.advance(1);
    expect(notices.map((each) => [each.type, each.user])).toEqual([
      ['membership', ann],
      ['membership', ann],
      ['membership', bob],
    ]);
  });

  it('ends, and ending it twice is fine; who is added and removed at once is a member', async () => {
    await topics.change('demo', 'orders', { add: ['ann', 'bob'] });
    await topics.change('demo', 'orders', { remove: ['ann', 'bob'], add: ['bob'] });
    await topics.change('demo', 'orders', { remove: ['ann'] });
    expect((await list()).members.map(({ user: name }) => name)).toEqual(['bob']);
  });

  it('is of its tenant alone', async () => {
    await topics.change('demo', 'orders', { add: ['ann'] });
    await topics.change('other', 'orders', { add: ['eve'] });
    expect((await list()).members.map(({ user: name }) => name)).toEqual(['ann']);
    expect(await topics.list('other', {})).toEqual({ topics: ['orders'] });
  });
});

describe('the lists', () => {
  it('come in pages, each of which names where the next begins', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    await topics.change('demo', 'orders', { add: names });
    const first = await list({ limit: '2' });
    expect([first.members.map(({ user: name }) => name), first.next]).toEqual([['a', 'b'], 'b']);
    const rest = await list({ after: 'b', limit: '3' });
    expect([rest.members.map(({ user: name }) => name), rest.next]).toEqual([['c', 'd', 'e'], undefined]);
    for (const name of ['t1', 't2']) await topics.change('demo', name, { add: ['a'] });
    expect(await topics.list('demo', { limit: '2' })).toEqual({ topics: ['orders', 't1'], next: 't1' });
    expect(await topics.list('demo', { after: 't1' })).toEqual({ topics: ['t2'] });
  });

  it('are empty where there is nobody', async () => {
    expect(await list()).toEqual({ topic: 'orders', members: [] });
    expect(await topics.list('demo', {})).toEqual({ topics: [] });
  });
});

describe('an erasure', () => {
  it('forgets what a user was sent, has, was given, read and follows, and closes their sockets', async () => {
    const { store } = ports;
    const phone = device('phone', ann);
    await append(2, userLog(ann));
    await store.devices.seen([{ device: phone, at: clock.now() }], 20);
    await store.cursors.begin([{ device: phone, log: userLog(ann), seq: 1 }]);
    await store.reads.note(ann, ['msg_1'], clock.now());
    await topics.change('demo', 'orders', { add: ['ann', 'bob'] });
    await eraser().erase(ann);
    const left = await store.log.read(userLog(ann), 0, 10);
    expect(left.map(({ seq, data, mark }) => [seq, data, mark])).toEqual([
      [1, undefined, 'emptied'],
      [2, undefined, 'emptied'],
    ]);
    expect(await store.devices.ofUser(ann)).toEqual([]);
    expect(await store.cursors.load(phone, [userLog(ann)])).toEqual(new Map());
    expect(await store.reads.ofMessage('msg_1', [ann])).toEqual(new Map());
    expect((await list()).members.map(({ user: name }) => name)).toEqual(['bob']);
    await clock.advance(1);
    expect(notices.at(-1)).toEqual({ type: 'disconnect', user: ann });
  });

  it('of nobody is no fault, and may be repeated', async () => {
    await eraser().erase(user('nobody'));
    await eraser().erase(user('nobody'));
  });
});

function list(query = {}) {
  return topics.membersOf('demo', 'orders', query);
}

function eraser(): Erasure {
  const { keeping, devices, receipts, reads, members } = ports.store;
  return new Erasure(ports.bus, keeping, devices, receipts, reads, members);
}

async function append(count: number, log = topic): Promise<void> {
  const from = (await ports.store.log.heads([log])).get(log) ?? 0;
  await ports.store.log.append(
    Array.from({ length: count }, (_, at) => draft({ id: `m_${log}_${from + at}`, log, data: '1' })),
  );
}
