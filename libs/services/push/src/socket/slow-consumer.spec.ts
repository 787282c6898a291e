// A client that answers and settles but takes no bytes: real sockets that are really full, a fake clock.
import { type Doorbell, type Draft, userKey, userLog, volatileFrame } from '@carillon/domain';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Session } from '../session/session.js';
import { PushRig, type TestDevice } from './push-rig.fixture.js';

const user = userKey('default', '42');
const log = userLog(user);
const bytesEach = 200_000;
/** Far more than the kernel keeps of a loopback connection. */
const fillsMax = 500;
/** Unsettled when the client stops reading, and settled in each of the first seconds after it. */
const unsettled = 5;

let rig: PushRig;
let device: TestDevice;
let session: Session;
let nonce = 0;

beforeEach(async () => {
  rig = await PushRig.start();
  device = rig.device();
  await device.hello({ device: 'd1' });
  [session] = [...rig.registry.sessionsOf(user)] as [Session];
  await rig.append(log, unsettled);
  await rig.ring(log, 0);
  await device.frame('message', unsettled);
  return () => device.socket.resume();
});

afterEach(() => rig.stop());

function volatile(): Doorbell {
  const now = rig.ports.clock.now();
  const draft: Draft = {
    id: `msg_v${++nonce}`,
    log,
    acceptedAt: now,
    expiresAt: now,
    event: 'typing',
    data: JSON.stringify('x'.repeat(bytesEach)),
  };
  return { ...draft, kind: 'volatile', seq: nonce, frame: volatileFrame(draft) };
}

/** The client reads no more, and the socket is filled until the node itself writes nothing more to it. */
async function block(): Promise<void> {
  device.socket.pause();
  for (let fills = 0; session.isWritable(); fills++) {
    if (fills === fillsMax) throw new Error('the kernel takes everything');
    await rig.sendBells([volatile()]);
  }
}

/** So many seconds of a client that sends what it should. */
async function answer(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    device.send({ type: 'pong' });
    const seq = Math.min(session.inbox.settled + 1, unsettled);
    device.send({ type: 'ack', log: 'user', seq });
    await expect.poll(() => session.inbox.settled, { interval: 1 }).toBe(seq);
    await rig.ports.clock.advance(1_000);
  }
}

it('a client that takes no bytes for 20 s is closed 4101, although its pongs and acks come', async () => {
  await block();
  await answer(20);
  expect(session.connection.isOpen).toBe(true);
  await answer(1);
  expect(session.connection.isOpen).toBe(false);
  device.socket.resume(); // what waits before the close frame is read now
  expect(await device.closed).toBe(4101);
  expect(session.isSettled).toBe(true);
});

it('a client that drains its socket in between has 20 s from there', async () => {
  await block();
  await answer(15);
  device.socket.resume();
  await expect.poll(() => session.connection.backlogBytes).toBe(0);
  await block(); // before the node looks after it again
  await answer(20);
  expect(session.connection.isOpen).toBe(true);
  await answer(1);
  device.socket.resume();
  expect(await device.closed).toBe(4101);
});

it('a client that drains its socket whenever it is full stays', async () => {
  for (let times = 0; times < 3; times++) {
    await block();
    await answer(15);
    device.socket.resume();
    await expect.poll(() => session.connection.backlogBytes).toBe(0);
  }
  await device.roundTrip();
  expect(device.isOpen).toBe(true);
});

it('a client whose socket is never full stays, however little there is to take', async () => {
  await answer(30);
  expect(device.isOpen).toBe(true);
});
