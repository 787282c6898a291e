// Doorbells on their way to many: everybody once, in order, in slices; what was marked is not shown.
import {
  allLog,
  type Doorbell,
  type Draft,
  type Entry,
  entryFrame,
  type LogKey,
  topicLog,
  userKey,
  userLog,
  volatileFrame,
} from '@carillon/domain';
import type { LogPlace } from '@carillon/domain/ports';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PushRig, type TestDevice } from '../socket/push-rig.fixture.js';

const user = userKey('default', '42');
const inbox = userLog(user);
const orders = topicLog('default', 'orders');
const all = allLog('default');

let rig: PushRig;

afterEach(() => rig.stop());

async function devices(count: number, hello: Parameters<TestDevice['hello']>[0] = {}): Promise<TestDevice[]> {
  const made = Array.from({ length: count }, () => rig.device());
  await Promise.all(made.map((device, n) => device.hello({ instance: `i${n}`, ...hello })));
  return made;
}

/** Appends and returns the doorbells, which nobody has heard yet. */
async function entries(log: LogKey, count: number): Promise<Doorbell[]> {
  const { store } = rig.ports;
  const head = (await store.log.heads([log])).get(log) ?? 0;
  await rig.append(log, count);
  return (await store.log.read(log, head, count)).map(bellOf);
}

/** What pumps read from the store from now on. */
function watchReads(): LogPlace[] {
  const asked: LogPlace[] = [];
  const { log: messages } = rig.ports.store;
  const readMany = messages.readMany.bind(messages);
  messages.readMany = (places, limit) => {
    asked.push(...places.map(({ log, after }) => ({ log, after })));
    return readMany(places, limit);
  };
  return asked;
}

function bellOf(entry: Entry): Doorbell {
  return { kind: 'entry', ...entry, frame: entryFrame(entry) };
}

/** On the subject of the log, or to the node of the user. */
async function tell(log: LogKey, ...bells: Doorbell[]): Promise<void> {
  if (log === inbox) await rig.sendBells(bells);
  else rig.tell(log, bells);
  await rig.ports.clock.advance(1);
}

function markOf({ log, seq, acceptedAt, expiresAt }: Doorbell, kind: 'superseded' | 'recalled'): Doorbell {
  return { kind, log, seq, acceptedAt, expiresAt, frame: '' };
}

function volatile(log: LogKey, nonce: number): Doorbell {
  const now = rig.ports.clock.now();
  const draft: Draft = {
    id: `msg_v${nonce}`,
    log,
    acceptedAt: now,
    expiresAt: now,
    event: 'typing',
    data: '1',
  };
  return { ...draft, kind: 'volatile', seq: nonce, frame: volatileFrame(draft) };
}

describe('a log that many follow', () => {
  it('is told to all of them although there are more than a slice', async () => {
    rig = await PushRig.start({}, { options: { fanOutSlice: 3 } });
    const crowd = await devices(10);
    const [one, ...rest] = await entries(all, 20);
    await tell(all, one!);
    await tell(all, ...rest);
    for (const device of crowd) {
      await device.frame('message', 20);
      expect(device.seqs('all')).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    }
  });

  it('is told together what came in one turn, without asking the store', async () => {
    rig = await PushRig.start({}, { options: { fanOutSlice: 1 } });
    const crowd = await devices(5);
    const bells = await entries(all, 6);
    const asked = watchReads();
    for (const bell of bells) rig.tell(all, [bell]);
    await rig.ports.clock.advance(0);
    for (const device of crowd) await device.frame('message', 6);
    expect(crowd.map((device) => device.seqs('all'))).toEqual(crowd.map(() => [1, 2, 3, 4, 5, 6]));
    expect(asked).toEqual([]);
  });

  it('is told what comes during a walk by the next one', async () => {
    rig = await PushRig.start({}, { options: { fanOutSlice: 1 } });
    const crowd = await devices(5);
    const [one, two, three] = (await entries(all, 3)) as [Doorbell, Doorbell, Doorbell];
    const asked = watchReads();
    rig.tell(all, [one]);
    await new Promise((resolve) => setImmediate(resolve)); // the walk is to begin in the next turn
    for (const bell of [two, three]) rig.ports.clock.after(0, () => rig.tell(all, [bell]));
    await rig.ports.clock.advance(0);
    for (const device of crowd) await device.frame('message', 3);
    expect(crowd.map((device) => device.seqs('all'))).toEqual(crowd.map(() => [1, 2, 3]));
    expect(asked).toEqual([]);
  });

  it('is read from the store once for all who miss the same', async () => {
    rig = await PushRig.start();
    const crowd = await devices(10);
    const bells = await entries(all, 5);
    const asked = watchReads();
    await tell(all, bells[4]!);
    for (const device of crowd) await device.frame('message', 5);
    expect(asked).toEqual([{ log: all, after: 0 }]);
  });

  it('brings order into doorbells that come swapped, doubled and with gaps', async () => {
    rig = await PushRig.start();
    const [device] = await devices(1);
    const [a, b, c, d, e] = (await entries(all, 5)) as [Doorbell, Doorbell, Doorbell, Doorbell, Doorbell];
    await tell(all, c, a);
    await tell(all, a, b, b);
    await tell(all, e, d, c);
    await device!.frame('message', 5);
    await device!.roundTrip();
    expect(device!.seqs('all')).toEqual([1, 2, 3, 4, 5]);
  });

  it('waits for one whose window is full, and for nobody else', async () => {
    rig = await PushRig.start({ DELIVERY_ACK_WINDOW: '4' });
    const [slow, quick] = (await devices(2)) as [TestDevice, TestDevice];
    for (let round = 1; round <= 3; round++) {
      await tell(all, ...(await entries(all, 3)));
      await quick.frame('message', round * 3);
      quick.send({ type: 'ack', log: 'all', seq: round * 3 });
      await quick.roundTrip();
    }
    await slow.roundTrip();
    expect(slow.seqs('all')).toEqual([1, 2, 3, 4]);
    slow.send({ type: 'ack', log: 'all', seq: 4 });
    await slow.frame('message', 8);
    expect(slow.seqs('all')).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('is found by anti-entropy when every doorbell was lost', async () => {
    rig = await PushRig.start();
    rig.allow('orders');
    const crowd = await devices(3, { topics: ['orders'] });
    await entries(orders, 2);
    await rig.beat(20_000, ...crowd);
    for (const device of crowd) await device.frame('message', 2);
  });

  it('is heard by nobody here once the last has gone, but for a while', async () => {
    rig = await PushRig.start();
    rig.allow('orders');
    const subjects: string[] = [];
    const subscribe = rig.ports.bus.subscribe.bind(rig.ports.bus);
    rig.ports.bus.subscribe = (...order) => {
      subjects.push(order[0]);
      return subscribe(...order);
    };
    const come = async () => {
      const device = rig.device();
      await device.hello({ topics: ['orders'] });
      return device;
    };
    const go = async (device: TestDevice) => {
      device.socket.close(1000);
      await device.closed;
    };
    await go(await come());
    await rig.ports.clock.advance(4_000);
    const second = await come();
    await rig.ports.clock.advance(4_000);
    await tell(orders, ...(await entries(orders, 1)));
    await second.frame('message');
    expect(subjects).toHaveLength(2); // all, and the topic
    await go(second);
    await rig.ports.clock.advance(6_000);
    await come();
    expect(subjects).toHaveLength(4);
  });
});

describe.each([
  ['a user', inbox, 'user'],
  ['everybody', all, 'all'],
] as const)('a mark in the log of %s', (_who, log, name) => {
  beforeEach(async () => {
    // Anti-entropy would find the marks before a late doorbell comes.
    rig = await PushRig.start({ DELIVERY_ACK_WINDOW: '1' }, { options: { antiEntropyMs: 3_600_000 } });
  });

  it('keeps a doorbell from being shown that still waits for its turn', async () => {
    const [device] = (await devices(1)) as [TestDevice];
    const bells = await entries(log, 3);
    await tell(log, ...bells);
    await device.frame('message');
    await tell(log, markOf(bells[1]!, 'recalled'));
    device.send({ type: 'ack', log: name, seq: 1 });
    expect(await device.frame('skip')).toMatchObject({ from: 2, to: 2, reason: 'recalled' });
  });

  it('keeps an entry from being shown that came with it', async () => {
    await rig.stop();
    rig = await PushRig.start(); // with room for both at once
    const [device] = (await devices(1)) as [TestDevice];
    const bells = await entries(log, 2);
    await tell(log, ...bells, markOf(bells[0]!, 'superseded'));
    expect(await device.frame('skip')).toMatchObject({ from: 1, to: 1, reason: 'superseded' });
    await device.frame('message');
    expect(device.seqs(name)).toEqual([2]);
  });

  it('is not undone by a doorbell that comes a second time', async () => {
    const [device] = (await devices(1)) as [TestDevice];
    const bells = await entries(log, 2);
    await tell(log, ...bells);
    await tell(log, markOf(bells[1]!, 'superseded'));
    await tell(log, bells[1]!);
    device.send({ type: 'ack', log: name, seq: 1 });
    expect(await device.frame('skip')).toMatchObject({ from: 2, reason: 'superseded' });
  });

  it('makes a page be read again that was read before it', async () => {
    await entries(log, 3);
    const [device] = (await devices(1, { cursors: { [name]: 0 } })) as [TestDevice];
    await device.frame('message');
    await rig.ports.store.marks.mark(log, [2], 'recalled');
    const [entry] = await rig.ports.store.log.read(log, 1, 1);
    await tell(log, markOf(bellOf(entry!), 'recalled'));
    device.send({ type: 'ack', log: name, seq: 1 });
    expect(await device.frame('skip')).toMatchObject({ from: 2, reason: 'recalled' });
  });

  it('that nobody told is found 15 s after the message was accepted', async () => {
    const [device] = (await devices(1)) as [TestDevice];
    const bells = await entries(log, 2);
    await rig.ports.store.marks.mark(log, [1, 2], 'recalled');
    await rig.ports.clock.advance(15_001); // its doorbells come late
    await tell(log, ...bells);
    expect(await device.frame('skip')).toMatchObject({ from: 1, reason: 'recalled' });
    expect(device.seqs(name)).toEqual([]);
  });
});

describe('a volatile message', () => {
  beforeEach(async () => {
    rig = await PushRig.start();
  });

  it.each([
    ['a user', inbox, 'user'],
    ['everybody', all, 'all'],
  ] as const)(
    'for %s is written at once to whoever is open, once, without a seq',
    async (...[, log, name]) => {
      const crowd = await devices(3);
      await tell(log, volatile(log, 7), volatile(log, 8));
      await tell(log, volatile(log, 7));
      for (const device of crowd) {
        expect(await device.frame('volatile')).toMatchObject({ log: name, event: 'typing', data: 1 });
        await device.roundTrip();
        expect(device.frames.filter(({ type }) => type === 'volatile')).toHaveLength(2);
      }
      await rig.beat(60_000, ...crowd);
      expect(crowd.every((device) => device.isOpen)).toBe(true); // nothing of it is unsettled
    },
  );

  it('is not written to a session that has no welcome yet', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const { log: messages } = rig.ports.store;
    const heads = messages.heads.bind(messages);
    messages.heads = (logs) => held.then(() => heads(logs));
    const device = await rig.device().open();
    device.send({ type: 'hello', instance: 'i1', cursors: {}, topics: [] });
    await device.roundTrip();
    await rig.ports.clock.advance(10);
    await tell(inbox, volatile(inbox, 1));
    release();
    await device.frame('welcome');
    await device.roundTrip();
    expect(device.frames.map(({ type }) => type)).toEqual(['welcome']);
  });

  it('is let go when it comes too late', async () => {
    const [device] = (await devices(1)) as [TestDevice];
    const bell = volatile(inbox, 1);
    await rig.ports.clock.advance(10_001);
    await tell(inbox, bell);
    await device.roundTrip();
    expect(device.frames.some(({ type }) => type === 'volatile')).toBe(false);
  });

  it('for a user who is not here is answered with gone', async () => {
    await devices(1);
    const stranger = userLog(userKey('default', 'stranger'));
    expect(await rig.sendBells([volatile(stranger, 1)])).toEqual({
      outcome: 'taken',
      gone: ['default/stranger'],
    });
  });
});
