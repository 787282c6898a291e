// What is known of a session after its end, and that nothing is claimed that was not written.
import { deviceKey, userKey, userLog } from '@carillon/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PushRig } from './push-rig.fixture.js';

const user = userKey('default', '42');
const log = userLog(user);
const phone = deviceKey(user, 'd1');

let rig: PushRig;

beforeEach(async () => {
  rig = await PushRig.start();
});

afterEach(() => rig.stop());

const connections = () => rig.ports.store.receipts.connectionsOf(user, 0, 10);

describe('the end of a session', () => {
  it('is in the ledger with all that was settled just before', async () => {
    const device = rig.device();
    await device.hello({ device: 'd1' });
    await rig.append(log, 3);
    await rig.ring(log, 0);
    await device.frame('message', 3);
    device.send({ type: 'ack', log: 'user', seq: 2, failed: [2] });
    device.socket.close(1000);
    await device.closed;
    await rig.ports.clock.advance(300);
    const [receipt] = await rig.ports.store.receipts.ofEntry(log, 2, user);
    expect(receipt).toMatchObject({ sent: [{ from: 1, to: 3 }], settled: [{ from: 1, to: 2 }], failed: [2] });
    expect((await rig.ports.store.cursors.load(phone, [log])).get(log)).toBe(2);
    expect(await connections()).toMatchObject([{ sent: 3, settled: 2, closeCode: 1000, device: phone }]);
  });

  it('leaves out nothing of an ack for what another socket of the device was sent', async () => {
    const device = rig.device();
    await device.hello({ device: 'd1' });
    await rig.append(log, 2); // its doorbell went to the other socket only
    device.send({ type: 'ack', log: 'user', seq: 2, failed: [1], unhandled: [2] });
    await device.roundTrip();
    await rig.ports.clock.advance(300);
    const [receipt] = await rig.ports.store.receipts.ofEntry(log, 1, user);
    expect(receipt).toMatchObject({ failed: [1], unhandled: [2], settled: [{ from: 1, to: 2 }] });
  });

  it('comes with its close frame: what is rung for afterwards was not sent', async () => {
    const device = rig.device();
    await device.hello({ device: 'd1' });
    await rig.append(log, 1);
    device.socket.pause(); // the answer to the close frame never comes
    device.socket.send('nonsense');
    await new Promise((resolve) => setImmediate(resolve));
    await rig.ports.clock.advance(10);
    await rig.ring(log, 0);
    device.socket.resume();
    expect(await device.closed).toBe(4000);
    await rig.ports.clock.advance(300);
    expect(await rig.ports.store.receipts.ofEntry(log, 1, user)).toEqual([]);
  });

  it('is not noted for a socket that never got its welcome', async () => {
    rig.ports.store.log.areReadsAway = true;
    await rig.append(log, 1);
    const device = await rig.device().open();
    device.send({ type: 'hello', instance: 'i', device: 'd1', cursors: { user: 0 }, topics: [] });
    expect(await device.closed).toBe(4102);
    await rig.ports.clock.advance(300);
    expect(await connections()).toEqual([]);
  });

  it('is in the ledger although its client never answered the close frame of a drain', async () => {
    const device = rig.device();
    await device.hello({ device: 'd1' });
    device.socket.pause();
    await rig.drain();
    expect(await connections()).toMatchObject([{ sent: 0, settled: 0, closedAt: expect.any(Number) }]);
  });

  it('does not undo a drain: a lease that has ended is never renewed', async () => {
    await rig.device().hello();
    await rig.drain();
    await rig.lease.renew();
    await rig.ports.routes.claim(rig.incarnation, [user]).then(
      () => expect.unreachable('the lease is alive'),
      (error: Error) => expect(error.name).toBe('LeaseExpired'),
    );
  });
});

describe('a lease', () => {
  it('is renewed on time although the store is slow', async () => {
    await rig.device().hello();
    const [before] = (await rig.ports.routes.lookup([user])).get(user) ?? [];
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const { log: messages } = rig.ports.store;
    const heads = messages.heads.bind(messages);
    messages.heads = (logs) => held.then(() => heads(logs));
    await rig.ports.routes.endLease(rig.incarnation); // lost: everybody is claimed again, then compared
    await rig.ports.clock.advance(20_000);
    const [after] = (await rig.ports.routes.lookup([user])).get(user) ?? [];
    expect(after?.incarnation).toBe(before?.incarnation);
    release();
  });
});

describe('receipts', () => {
  /** One message for an open session. */
  async function sentOne() {
    const device = rig.device();
    await device.hello({ device: 'd1' });
    await rig.append(log, 1);
    await rig.ports.clock.advance(100);
    await rig.ring(log, 0);
    await device.frame('message', 1);
    return device;
  }
  const rows = () => rig.ports.store.receipts.ofEntry(log, 1, user);

  it('wait one flush for the ack of what was only just sent, and say both in one row', async () => {
    const device = await sentOne();
    await rig.ports.clock.advance(200);
    expect(await rows()).toEqual([]);
    device.send({ type: 'ack', log: 'user', seq: 1 });
    await device.roundTrip();
    await rig.ports.clock.advance(250);
    expect(await rows()).toMatchObject([{ sent: [{ from: 1, to: 1 }], settled: [{ from: 1, to: 1 }] }]);
  });

  it('say what was sent and is not acknowledged after two flushes', async () => {
    await sentOne();
    await rig.ports.clock.advance(450);
    expect(await rows()).toMatchObject([{ sent: [{ from: 1, to: 1 }], settled: [] }]);
  });

  it('keep nothing back when the node ends', async () => {
    await sentOne();
    await rig.stop();
    expect(await rows()).toMatchObject([{ sent: [{ from: 1, to: 1 }] }]);
  });
});
