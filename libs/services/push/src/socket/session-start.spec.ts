// What may happen between the upgrade and the welcome, and with tokens afterwards.

import type { TokenVerdict } from '@carillon/domain';
import { type DeviceKey, userKey, userLog } from '@carillon/domain';
import type { CursorMove } from '@carillon/domain/ports';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PushRig } from './push-rig.fixture.js';

const user = userKey('default', '42');
const log = userLog(user);
const hello = { type: 'hello', instance: 'i1', cursors: {}, topics: [] } as const;

let rig: PushRig;

beforeEach(async () => {
  rig = await PushRig.start();
});

afterEach(() => rig.stop());

describe('before the welcome', () => {
  it('frames that came in one packet with hello wait for it', async () => {
    await rig.append(log, 2);
    const device = await rig.device().open();
    device.sendAtOnce({ ...hello, device: 'd1' }, { type: 'ack', log: 'user', seq: 1 });
    await device.frame('welcome');
    await device.roundTrip();
    await rig.ports.clock.advance(300);
    const [receipt] = await rig.ports.store.receipts.ofEntry(log, 1, user);
    expect(receipt?.settled).toMatchObject([{ from: 1, to: 1 }]);
  });

  it('a whole packet of frames is too much', async () => {
    const device = await rig.device().open();
    device.sendAtOnce(hello, ...Array.from({ length: 40 }, () => ({ type: 'pong' }) as const));
    expect(await device.closed).toBe(4103);
  });

  it('nothing is echoed', async () => {
    const one = rig.device();
    await one.hello();
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const { log: messages } = rig.ports.store;
    const heads = messages.heads.bind(messages);
    messages.heads = (logs) => held.then(() => heads(logs));
    const two = await rig.device().open();
    two.send({ ...hello, instance: 'i2' });
    await rig.ports.clock.advance(10);
    one.send({ type: 'read', ids: ['msg_1'] });
    await one.roundTrip();
    release();
    await two.frame('welcome');
    one.send({ type: 'read', ids: ['msg_2'] });
    expect((await two.frame('read')).ids).toEqual(['msg_2']);
  });

  it('the first position of a device is durable, and a later one goes with the next flush', async () => {
    const { cursors } = rig.ports.store;
    await rig.append(log, 3);
    const begun: CursorMove[][] = [];
    const begin = cursors.begin.bind(cursors);
    cursors.begin = (moves) => {
      begun.push([...moves]);
      return begin(moves);
    };
    const stored = async () => (await cursors.load('default/42/d1' as DeviceKey, [log])).get(log);
    await rig.device().hello({ device: 'd1', cursors: { user: 1 } });
    expect(await stored()).toBe(1);
    const writes = begun.length;
    await rig.device().hello({ device: 'd1', instance: 'i2', cursors: { user: 2, all: 0 } });
    expect(begun).toHaveLength(writes);
    expect(await stored()).toBe(1);
    await rig.ports.clock.advance(300);
    expect(await stored()).toBe(2);
  });

  it("no log is read before the user's route is there, whichever session claims it (A5)", async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const { routes } = rig.ports;
    const claim = routes.claim.bind(routes);
    routes.claim = (...args) => held.then(() => claim(...args));
    const [first, second] = [await rig.device().open(), await rig.device().open()];
    first.send({ ...hello, instance: 'a' });
    await rig.ports.clock.advance(10);
    second.send({ ...hello, instance: 'b' });
    await rig.ports.clock.advance(10);
    expect(second.frames).toEqual([]);
    release();
    await Promise.all([first.frame('welcome'), second.frame('welcome')]);
  });

  it('a topic that the token does not allow is refused by name, and the rest is served', async () => {
    const device = rig.device();
    await device.hello({ topics: ['orders'] });
    expect(await device.frame('error')).toMatchObject({ code: 'scope_missing', ref: 'orders' });
    expect(device.frames[0]?.type).toBe('welcome');
  });

  it('a node that goes away sends the socket on with 4200', async () => {
    const device = await rig.device().open();
    await device.roundTrip();
    await rig.drain();
    expect(await device.closed).toBe(4200);
  });
});

describe('a newer token', () => {
  it.each([
    ['of another user', () => accepted({ user: '43' }), 4001],
    ['of another tenant', () => accepted({ tenant: 'other' }), 4001],
    ['for another device', () => accepted({ device: 'd2' }), 4001],
    ['that has expired', () => ({ verdict: 'expired', detail: 'late' }) as const, 4201],
    ['that is bad', () => ({ verdict: 'refused', detail: 'bad' }) as const, 4001],
  ])('%s closes the session', async (_name, verdict, code) => {
    const device = rig.device();
    await device.hello({ device: 'd1' });
    rig.verdict = verdict;
    device.send({ type: 'token', token: 'newer' });
    expect(await device.closed).toBe(code);
  });

  it('never shortens a session', async () => {
    const device = rig.device();
    const { tokenExpiresAt } = await device.hello();
    rig.verdict = () => accepted({ expiresAt: tokenExpiresAt - 60_000 });
    device.send({ type: 'token', token: 'older' });
    expect((await device.frame('token-accepted')).expiresAt).toBe(tokenExpiresAt);
  });
});

function accepted(change: {
  user?: string;
  tenant?: string;
  device?: string;
  expiresAt?: number;
}): TokenVerdict {
  const expiresAt = rig.ports.clock.now() + 600_000;
  return { verdict: 'accepted', tenant: 'default', user: '42', expiresAt, ...change };
}
