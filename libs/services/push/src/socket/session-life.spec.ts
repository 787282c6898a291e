// A session from its welcome to its end, over real sockets, with a fake clock.
import { deviceKey, encodeDoorbell, fromJsonBytes, subjects, userKey, userLog } from '@carillon/domain';
import { PortUnavailable, type Route } from '@carillon/domain/ports';
import { limits } from '@carillon/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PushRig, type TestDevice } from './push-rig.fixture.js';

const user = userKey('default', '42');
const log = userLog(user);

let rig: PushRig;

beforeEach(async () => {
  rig = await PushRig.start();
});

afterEach(() => rig.stop());

async function routesOf(): Promise<readonly Route[]> {
  return (await rig.ports.routes.lookup([user])).get(user) ?? [];
}

describe('a session', () => {
  it('gets live messages, and its ack moves cursor and receipts', async () => {
    const device = rig.device();
    const welcome = await device.hello({ device: 'd1' });
    const start = { from: 0, head: 0, resumed: true };
    expect(welcome.logs).toEqual({ user: start, all: start });
    await rig.append(log, 2);
    expect(await rig.ring(log, 0)).toEqual({ outcome: 'taken', gone: [] });
    await device.frame('message', 2);
    device.send({ type: 'ack', log: 'user', seq: 2 });
    await device.roundTrip();
    await rig.ports.clock.advance(300);
    const key = deviceKey(user, 'd1');
    expect((await rig.ports.store.cursors.load(key, [log])).get(log)).toBe(2);
    const [receipt] = await rig.ports.store.receipts.ofEntry(log, 2, user);
    expect(receipt).toMatchObject({ device: key, node: 'push-1', settled: [{ from: 1, to: 2 }] });
    expect(receipt?.sent[0]).toMatchObject({ way: 'live' });
    expect(await rig.context.metrics.text()).toContain(
      'carillon_deliveries_total{status="delivered",way="live"} 2',
    );
  });

  it('resumes at the cursor of its hello, and says so', async () => {
    await rig.append(log, 5);
    const device = rig.device();
    const welcome = await device.hello({ device: 'd1', cursors: { user: 3 } });
    expect(welcome.logs.user).toEqual({ from: 3, head: 5, resumed: true });
    await device.frame('message', 2);
    expect(device.seqs()).toEqual([4, 5]);
  });

  it('takes up where its device was, when the page has forgotten', async () => {
    await rig.append(log, 5);
    await rig.ports.store.cursors.begin([{ device: deviceKey(user, 'd1'), log, seq: 4 }]);
    const device = rig.device();
    expect((await device.hello({ device: 'd1' })).logs.user).toMatchObject({ from: 4, resumed: true });
  });

  it('starts a new device after what another device of the user has settled', async () => {
    await rig.append(log, 5);
    await rig.ports.store.cursors.begin([{ device: deviceKey(user, 'other'), log, seq: 2 }]);
    const device = rig.device();
    expect((await device.hello({ device: 'd1' })).logs.user).toMatchObject({ from: 2, resumed: true });
    expect((await rig.ports.store.cursors.load(deviceKey(user, 'd1'), [log])).get(log)).toBe(2);
  });

  it.each([
    ['is beyond the head', { cursors: { user: 9 } }, { from: 5, resumed: false }],
    ['is of another epoch', { cursors: { user: 3 }, epoch: 'other' }, { from: 0, resumed: false }],
    ['is of another user', { cursors: { user: 3 }, user: '43' }, { from: 0, resumed: false }],
  ])('never assumes continuity: a cursor that %s', async (_name, hello, start) => {
    await rig.append(log, 5);
    expect((await rig.device().hello(hello)).logs.user).toMatchObject(start);
  });

  it('says resumed: false when purge has taken what the cursor needs', async () => {
    await rig.append(log, 5, 1_000);
    await rig.ports.clock.advance(5_000);
    const now = rig.ports.clock.now();
    await rig.ports.store.keeping.purge(log, { expiredBefore: now, acceptedBefore: now, limit: 3 });
    expect((await rig.device().hello({ cursors: { user: 1 } })).logs.user).toMatchObject({
      from: 3,
      resumed: false,
    });
    expect((await rig.device().hello()).logs.user).toMatchObject({ from: 3, resumed: true });
  });

  it('is told nothing about its cursor while the store cannot be read', async () => {
    await rig.append(log, 5);
    rig.ports.store.log.areReadsAway = true;
    const device = await rig.device().open();
    device.send({ type: 'hello', instance: 'i', cursors: { user: 3 }, topics: [] });
    expect(await device.closed).toBe(4102);
    expect(device.frames).toEqual([]);
  });

  it('is found by anti-entropy when every doorbell was lost, and its route is claimed again', async () => {
    const device = rig.device();
    await device.hello();
    const [route] = await routesOf();
    await rig.ports.routes.release(route!.incarnation, [user]);
    await rig.append(log, 1);
    await rig.beat(20_000, device);
    await device.frame('message');
    expect(await routesOf()).toHaveLength(1);
  });

  it('leaves to its doorbell what anti-entropy sees while the doorbell is on its way', async () => {
    const device = rig.device();
    await device.hello();
    await rig.append(log, 1);
    const round = rig.antiEntropy.compareAll();
    await rig.ports.clock.advance(100);
    await rig.ring(log, 0);
    await device.frame('message');
    device.send({ type: 'ack', log: 'user', seq: 1 });
    await device.roundTrip();
    await rig.ports.clock.advance(1_000);
    await round;
    expect(await rig.context.metrics.text()).toContain(
      'carillon_deliveries_total{status="delivered",way="live"} 1',
    );
  });

  it('catches up within a second when the bus is back, under a new lease token', async () => {
    const device = rig.device();
    await device.hello();
    const [before] = await routesOf();
    rig.ports.bus.goAway();
    await rig.append(log, 1);
    rig.ports.bus.comeBack();
    await rig.ports.clock.advance(1_000);
    await device.frame('message');
    const [after] = await routesOf();
    expect(after?.incarnation).toBe(before?.incarnation);
    expect(after?.leaseToken).not.toBe(before?.leaseToken);
  });

  it('has a route while it lives and none afterwards', async () => {
    const device = rig.device();
    await device.hello();
    expect(await routesOf()).toHaveLength(1);
    device.socket.close(1000);
    await device.closed;
    await rig.ports.clock.advance(10);
    expect(await routesOf()).toEqual([]);
  });

  it('claims its route again after a renewal whose answer was lost', async () => {
    const { routes, clock } = rig.ports;
    await rig.device().hello();
    const [route] = await routesOf();
    const renew = routes.renewLease.bind(routes);
    routes.renewLease = async (...order) => {
      await routes.release(route!.incarnation, [user]); // what a table that was rewound would have forgotten
      await renew(...order);
      routes.renewLease = renew;
      throw new PortUnavailable('the answer was lost');
    };
    await clock.advance(3_500);
    expect(await routesOf()).toEqual([]);
    await clock.advance(3_500);
    expect(await routesOf()).toHaveLength(1);
  });

  it('claims its route again at once when a Dispatch that found nobody asks for it', async () => {
    const device = rig.device();
    await device.hello();
    const [route] = await routesOf();
    await rig.ports.routes.endLease(route!.incarnation);
    rig.ports.bus.publish(subjects.routesDoubted, new Uint8Array());
    await rig.ports.clock.advance(10);
    expect(await routesOf()).toHaveLength(1);
  });

  it('claims its route again when the table has lost it', async () => {
    const device = rig.device();
    await device.hello();
    const [route] = await routesOf();
    await rig.ports.routes.endLease(route!.incarnation);
    expect(await routesOf()).toEqual([]);
    await rig.ports.clock.advance(3_500);
    expect(await routesOf()).toHaveLength(1);
  });

  it('delivers doorbells although the node is busy, and says that it is', async () => {
    const device = rig.device();
    await device.hello();
    Object.defineProperty(rig.loop, 'isBusy', { get: () => true });
    await rig.append(log, 1);
    expect(await rig.ring(log, 0)).toEqual({ outcome: 'busy' });
    await device.frame('message');
  });

  it('answers doorbells that it cannot read: nobody shall wait for them', async () => {
    const answer = await rig.ports.bus.request(subjects.everyPush, new Uint8Array([9, 9]), 500);
    expect(fromJsonBytes(answer)).toEqual({ outcome: 'taken', gone: [] });
  });

  it('answers a doorbell for somebody else with gone', async () => {
    await rig.device().hello();
    const stranger = userLog(userKey('default', 'stranger'));
    const bell = encodeDoorbell({
      kind: 'entry',
      log: stranger,
      seq: 1,
      acceptedAt: 0,
      expiresAt: 0,
      frame: '{}',
    });
    expect(await rig.send([bell])).toEqual({ outcome: 'taken', gone: ['default/stranger'] });
  });

  it('echoes what was read to the other sessions of the user', async () => {
    const [one, two] = [rig.device(), rig.device()];
    await one.hello();
    await two.hello({ instance: 'i2' });
    one.send({ type: 'read', ids: ['msg_1'] });
    expect((await two.frame('read')).ids).toEqual(['msg_1']);
  });
});

describe('a session ends', () => {
  it('4202 without a hello in 5 s, so that a page that slept in between comes back', async () => {
    const device = await rig.device().open();
    await rig.ports.clock.advance(1); // the verdict is a turn or two of the event loop away
    await rig.ports.clock.advance(limits.helloTimeoutMs + 1);
    expect(await device.closed).toBe(4202);
  });

  it.each([
    ['4000 on a frame that is none', (device: TestDevice) => device.socket.send('nonsense'), 4000],
    ['4000 on a binary frame', (device: TestDevice) => device.socket.send(Buffer.from('{}')), 4000],
    [
      '4000 on a second hello',
      (device: TestDevice) => device.send({ type: 'hello', instance: 'i', cursors: {}, topics: [] }),
      4000,
    ],
    [
      '4000 on an ack beyond the head',
      (device: TestDevice) => device.send({ type: 'ack', log: 'user', seq: 99 }),
      4000,
    ],
    [
      '4013 on a frame that is too big',
      (device: TestDevice) => device.socket.send('x'.repeat(limits.frameBytesMax + 1)),
      4013,
    ],
    [
      '4103 on a flood',
      (device: TestDevice) => {
        for (let n = 0; n < 250; n++) device.send({ type: 'pong' });
      },
      4103,
    ],
  ])('%s', async (_name, misbehave, code) => {
    const device = rig.device();
    await device.hello();
    misbehave(device);
    expect(await device.closed).toBe(code);
  });

  it('4202 when nothing was heard for one and a half heartbeats, after a ping', async () => {
    const device = rig.device();
    await device.hello();
    await rig.ports.clock.advance(26_000);
    await device.frame('ping');
    await rig.ports.clock.advance(14_000);
    expect(await device.closed).toBe(4202);
  });

  it('4101 when what was sent is never settled', async () => {
    const device = rig.device();
    await device.hello();
    await rig.append(log, 1);
    await rig.ring(log, 0);
    await device.frame('message');
    await rig.beat(40_000, device);
    expect(await device.closed).toBe(4101);
  });

  it('is counted by its verdict although the client never answers the close', async () => {
    const device = rig.device();
    await device.hello();
    await rig.append(log, 1);
    await rig.ring(log, 0);
    await device.frame('message');
    await rig.beat(20_000, device);
    device.socket.pause();
    await rig.ports.clock.advance(20_000);
    const counted = () => rig.context.metrics.text();
    await expect.poll(counted, { timeout: 5_000 }).toContain('carillon_disconnects_total{code="4101"} 1');
  });

  it('4009 for the 21st instance of a user', async () => {
    for (let n = 0; n < limits.instancesPerUserMax; n++) await rig.device().hello({ instance: `i${n}` });
    const device = await rig.device().open();
    device.send({ type: 'hello', instance: 'one-more', cursors: {}, topics: [] });
    expect(await device.closed).toBe(4009);
  });

  it('4200 when the node goes away, after it was asked to move', async () => {
    const device = rig.device();
    await device.hello();
    const closing = rig.drain();
    expect((await device.frame('drain')).withinMs).toBe(1000);
    await expect(rig.device().open()).rejects.toThrow('503');
    expect(await device.closed).toBe(4200);
    await closing;
  });
});
