// What one user, one client address and one socket may take, and that the limits keep no honest client out.
import { userKey, userLog } from '@carillon/domain';
import { limits } from '@carillon/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { PushRig, rigOrigin } from './push-rig.fixture.js';

let rig: PushRig;

afterEach(() => rig.stop());

describe('instances of a user', () => {
  it('are counted when they say hello, so that 25 at once are still 20', async () => {
    rig = await PushRig.start();
    const devices = await Promise.all(Array.from({ length: 25 }, () => rig.device().open()));
    await Promise.all(devices.map((device) => device.roundTrip())); // all have their verdict
    for (const [n, device] of devices.entries()) {
      device.send({ type: 'hello', instance: `i${n}`, cursors: {}, topics: [] });
    }
    const codes = await Promise.all(devices.slice(limits.instancesPerUserMax).map((one) => one.closed));
    expect(codes).toEqual([4009, 4009, 4009, 4009, 4009]);
    expect(devices.filter((device) => device.isOpen)).toHaveLength(limits.instancesPerUserMax);
  });

  it('come back although their dead sockets are still there, and the eldest of those is closed', async () => {
    rig = await PushRig.start();
    const old = Array.from({ length: limits.instancesPerUserMax }, () => rig.device());
    for (const [n, device] of old.entries()) await device.hello({ instance: `i${n}` });
    await rig.device().hello({ instance: 'i0' });
    expect(old[0]?.isOpen).toBe(true);
    await rig.device().hello({ instance: 'i0' });
    expect(await old[0]?.closed).toBe(4203);
  });
});

describe('sockets of a client address', () => {
  const from = (address: string) => ({ origin: rigOrigin, 'x-forwarded-for': address });

  it('are refused above the limit, with a time to come back, and admitted when one has gone', async () => {
    rig = await PushRig.start({ PUSH_SOCKETS_PER_ADDRESS_MAX: '2' });
    const [first] = [await rig.device().open(), await rig.device().open()];
    const refused = rig.device();
    const answered = new Promise<string | undefined>((resolve) => {
      refused.socket.once('unexpected-response', (_, answer) => resolve(answer.headers['retry-after']));
    });
    await expect(refused.open()).rejects.toThrow('503');
    expect(Number(await answered)).toBeGreaterThan(0);
    first?.socket.close(1000);
    await first?.closed;
    await rig.ports.clock.advance(1);
    await rig.device().open();
  });

  it('are those of the client behind a trusted proxy', async () => {
    rig = await PushRig.start({ PUSH_SOCKETS_PER_ADDRESS_MAX: '1', CARILLON_TRUSTED_PROXIES: '127.0.0.0/8' });
    await rig.device(undefined, from('192.0.2.1')).open();
    await rig.device(undefined, from('192.0.2.2')).open();
    await expect(rig.device(undefined, from('192.0.2.1')).open()).rejects.toThrow('503');
  });

  it('are not what an untrusted client says they are', async () => {
    rig = await PushRig.start({ PUSH_SOCKETS_PER_ADDRESS_MAX: '1' });
    await rig.device(undefined, from('192.0.2.1')).open();
    await expect(rig.device(undefined, from('192.0.2.2')).open()).rejects.toThrow('503');
  });
});

describe('a flood of pings', () => {
  it.each([
    ['before hello', false, 4000],
    ['of a session', true, 4103],
  ])('%s closes the socket', async (_name, isSession, code) => {
    rig = await PushRig.start();
    const device = await rig.device().open();
    if (isSession) await device.hello();
    for (let n = 0; n < 250; n++) device.socket.ping();
    expect(await device.closed).toBe(code);
  });
});

describe('acks', () => {
  const log = userLog(userKey('default', '42'));

  it('that settle something are no flood, however many', async () => {
    rig = await PushRig.start();
    await rig.append(log, 400);
    const device = rig.device();
    await device.hello({ device: 'd1', cursors: { user: 0 } });
    for (let seq = 1; seq <= 400; seq++) {
      await device.frame('message', seq);
      device.send({ type: 'ack', log: 'user', seq });
    }
    await device.roundTrip();
    expect(device.isOpen).toBe(true);
  });

  it('of what was not sent are one, though they settle it', async () => {
    rig = await PushRig.start({}, { options: { socketBacklogBytes: 0 } }); // nothing is ever writable
    await rig.append(log, 400);
    const device = rig.device();
    await device.hello({ device: 'd1', cursors: { user: 0 } });
    for (let seq = 1; seq <= 400; seq++) device.send({ type: 'ack', log: 'user', seq });
    expect(await device.closed).toBe(4103);
  });

  it('that settle nothing are one', async () => {
    rig = await PushRig.start();
    await rig.append(log, 1);
    const device = rig.device();
    await device.hello({ device: 'd1', cursors: { user: 0 } });
    await device.frame('message', 1);
    for (let n = 0; n < 250; n++) device.send({ type: 'ack', log: 'user', seq: 1 });
    expect(await device.closed).toBe(4103);
  });
});
