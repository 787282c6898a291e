// Where a session starts, what it is sent and in which order: the rules of protocol.md that a client relies
// on.
import type { Case } from './conformance-case.ts';
import { type Hello, Peer } from './peer.ts';
import type { Stage } from './stage.ts';

/** A user with three messages, of which the first two were settled by device `d1`. */
async function known(stage: Stage): Promise<string> {
  const user = stage.newUser();
  await stage.postMany(user, 3);
  const peer = await Peer.open(stage, { user, hello: { device: 'd1' } });
  await peer.got(({ seq }) => seq === 3);
  peer.send({ type: 'ack', log: 'user', seq: 2 });
  await peer.settled();
  await peer.end();
  await stage.positionsAreKept();
  return user;
}

/** `from head resumed`, then the numbers of the messages, with an r where one is a replay. */
async function startOf(stage: Stage, user: string, hello: Hello): Promise<string> {
  const peer = await Peer.open(stage, { user, hello });
  const { from, head, resumed } = peer.start as { from: number; head: number; resumed: boolean };
  if (from < head) await peer.got(({ type, seq }) => type === 'message' && seq === head);
  await peer.settled();
  const messages = peer.frames.filter(({ type }) => type === 'message');
  const numbers = messages.map(({ seq, replay }) => `${seq}${replay ? 'r' : ''}`);
  await peer.end();
  return [`${from}-${head} ${resumed ? 'resumed' : 'gap'}:`, ...numbers].join(' ');
}

const starts: readonly (readonly [name: string, hello: Hello, expected: string])[] = [
  ['a cursor in the middle', { cursors: { user: 1 } }, '1-3 resumed: 2r 3r'],
  ['a cursor of 0', { cursors: { user: 0 } }, '0-3 resumed: 1r 2r 3r'],
  ['a cursor at the head', { cursors: { user: 3 } }, '3-3 resumed:'],
  ['a cursor beyond the head', { cursors: { user: 4 } }, '3-3 gap:'],
  ['a cursor of 2^53 - 1', { cursors: { user: 2 ** 53 - 1 } }, '3-3 gap:'],
  ['no cursor, and a device that is known', { device: 'd1' }, '2-3 resumed: 3r'],
  [
    'a cursor goes before what is kept for the device',
    { device: 'd1', cursors: { user: 1 } },
    '1-3 resumed: 2r 3r',
  ],
  ['no cursor, and a new device', { device: 'd2' }, '2-3 resumed: 3r'],
  ['no cursor and no device', {}, '2-3 resumed: 3r'],
  ['the cursor of another epoch', { epoch: 'other', cursors: { user: 1 } }, '2-3 gap: 3r'],
  ['the cursor of another user', { user: 'other', cursors: { user: 1 } }, '2-3 gap: 3r'],
  [
    'the cursor of another epoch, with a known device',
    { epoch: 'other', device: 'd1', cursors: { user: 3 } },
    '2-3 gap: 3r',
  ],
  ['cursors of logs that are not served', { cursors: { user: 2, all: 7, 'topic:x': 9 } }, '2-3 resumed: 3r'],
];

const alone: readonly (readonly [string, string, Case['play']])[] = [
  ['a user that nobody has written to', '0-0 resumed:', (stage) => startOf(stage, stage.newUser(), {})],
  ['a new user starts at the beginning', '0-2 resumed: 1r 2r', newUser],
  ['a cursor in hello counts as an ack', '2-3 resumed: 3r', cursorIsAck],
  ['the device of the token goes before that of hello', 'd-token', tokenDevice],
  ['without a device, the connection is its name', 'true', ephemeral],
  ['welcome has every field of the table', 'true', welcomeFields],
  ['two sockets of one device are both sent a message', '1 1', twoSockets],
  ['one socket may ack what only the other was sent', 'open', ackForOther],
  ['read goes to the other connection and not back', '1 0', readEcho],
  ['64 unsettled messages, and the rest after an ack', '64 70', window],
  ['256 KiB unsettled, and the rest after acks', 'true 8', windowBytes],
  ['a live message is no replay', 'undefined', live],
  ['200 messages in their order, each once', 'true', order],
  ['what has expired is skipped', '1-1 expired, then 2', expired],
  ['what was taken back is skipped', '1-1 recalled, then 2', recalled],
  ['what a newer one has replaced is skipped', '1-1 superseded, then 2', superseded],
  ['what is only for now comes as volatile, and takes no number', 'volatile, then 1', volatile],
];

/** From hello to the last ack. */
export const resumeCases: readonly Case[] = [
  ...starts.map(
    ([name, hello, expected]): Case => ({
      group: 'resume',
      name,
      expected: [expected],
      play: async (stage) => startOf(stage, await known(stage), hello),
    }),
  ),
  ...alone.map(([name, expected, play]): Case => ({ group: 'delivery', name, expected: [expected], play })),
];

async function newUser(stage: Stage): Promise<string> {
  const user = stage.newUser();
  await stage.postMany(user, 2);
  return startOf(stage, user, { device: 'd1' });
}

async function cursorIsAck(stage: Stage): Promise<string> {
  const user = stage.newUser();
  await stage.postMany(user, 3);
  await startOf(stage, user, { device: 'd1', cursors: { user: 2 } });
  await stage.positionsAreKept();
  return startOf(stage, user, { device: 'd1' });
}

async function tokenDevice(stage: Stage): Promise<string> {
  const user = stage.newUser();
  const token = await stage.token(user, { device: 'd-token' });
  const peer = await Peer.open(stage, { user, token, hello: { device: 'd-hello' } });
  await peer.end();
  return String(peer.welcome.device);
}

async function ephemeral(stage: Stage): Promise<string> {
  const peer = await Peer.open(stage);
  await peer.end();
  return String(peer.welcome.device === peer.welcome.connection);
}

async function welcomeFields(stage: Stage): Promise<string> {
  const peer = await Peer.open(stage);
  await peer.end();
  const { connection, node, epoch, user, device, logs, heartbeatMs, window, tokenExpiresAt, limits } =
    peer.welcome;
  const names = [connection, node, epoch, device].every(
    (value) => typeof value === 'string' && value.length > 0,
  );
  const numbers = [heartbeatMs, window, tokenExpiresAt].every(Number.isInteger);
  return String(
    names && numbers && user === peer.user && typeof logs === 'object' && typeof limits === 'object',
  );
}

async function twoSockets(stage: Stage): Promise<string> {
  const user = stage.newUser();
  const peers = [];
  for (const instance of ['i1', 'i2'])
    peers.push(await Peer.open(stage, { user, hello: { device: 'd1', instance } }));
  await stage.post(user);
  for (const peer of peers) await peer.got(({ seq }) => seq === 1);
  for (const peer of peers) await peer.settled();
  await Promise.all(peers.map((peer) => peer.end()));
  return peers.map(({ seqs }) => seqs.length).join(' ');
}

async function ackForOther(stage: Stage): Promise<string> {
  const user = stage.newUser();
  await stage.postMany(user, 70);
  const peer = await Peer.open(stage, { user, hello: { device: 'd1' } });
  await peer.got(({ seq }) => seq === 64);
  peer.send({ type: 'ack', log: 'user', seq: 70 });
  await peer.settled();
  const code = await peer.closeCode(300);
  await peer.end();
  return code === -1 ? 'open' : `close ${code}`;
}

async function readEcho(stage: Stage): Promise<string> {
  const user = stage.newUser();
  const one = await Peer.open(stage, { user });
  const other = await Peer.open(stage, { user, hello: { instance: 'i2' } });
  one.send({ type: 'read', ids: ['m1'] });
  await other.got(({ type }) => type === 'read');
  await one.settled();
  const counts = [other, one].map((peer) => peer.frames.filter(({ type }) => type === 'read').length);
  await Promise.all([one.end(), other.end()]);
  return counts.join(' ');
}

async function window(stage: Stage): Promise<string> {
  const user = stage.newUser();
  await stage.postMany(user, 70);
  const peer = await Peer.open(stage, { user });
  await peer.got(({ seq }) => seq === 64);
  await peer.settled();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const before = peer.seqs.length;
  peer.send({ type: 'ack', log: 'user', seq: 64 });
  await peer.got(({ seq }) => seq === 70);
  await peer.end();
  return `${before} ${peer.seqs.length}`;
}

async function windowBytes(stage: Stage): Promise<string> {
  const user = stage.newUser();
  await stage.postMany(user, 8, { data: 'x'.repeat(60_000) });
  const peer = await Peer.open(stage, { user });
  await peer.got(({ seq }) => seq === 3);
  await peer.settled();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const isHeld = peer.seqs.length < 8;
  for (let acked = 0; acked < 8; ) {
    await peer.got(({ seq }) => seq === acked + 1);
    acked += 1;
    peer.send({ type: 'ack', log: 'user', seq: acked });
  }
  await peer.end();
  return `${isHeld} ${peer.seqs.length}`;
}

async function live(stage: Stage): Promise<string> {
  const peer = await Peer.open(stage);
  await stage.post(peer.user);
  const { replay } = await peer.got(({ type }) => type === 'message');
  await peer.end();
  return String(replay);
}

async function order(stage: Stage): Promise<string> {
  const peer = await Peer.open(stage);
  await stage.postMany(peer.user, 100);
  await stage.postMany(peer.user, 100);
  for (let seq = 1; seq <= 200; seq += 1) {
    await peer.got((frame) => frame.seq === seq);
    if (seq % 16 === 0) peer.send({ type: 'ack', log: 'user', seq });
  }
  await peer.settled();
  await peer.end();
  return String(peer.seqs.every((seq, at) => seq === at + 1) && peer.seqs.length === 200);
}

async function expired(stage: Stage): Promise<string> {
  const user = stage.newUser();
  await stage.post(user, { ttl: '1s' });
  await stage.post(user);
  await new Promise((resolve) => setTimeout(resolve, 1_300));
  return skip(stage, user);
}

async function recalled(stage: Stage): Promise<string> {
  const user = stage.newUser();
  const id = await stage.post(user);
  await stage.post(user);
  await stage.recall(id);
  return skip(stage, user);
}

async function superseded(stage: Stage): Promise<string> {
  const user = stage.newUser();
  await stage.postMany(user, 2, { collapseKey: 'one' });
  return skip(stage, user);
}

async function skip(stage: Stage, user: string): Promise<string> {
  const peer = await Peer.open(stage, { user });
  const { from, to, reason } = await peer.got(({ type }) => type === 'skip');
  await peer.got(({ type }) => type === 'message');
  await peer.settled();
  await peer.end();
  return `${String(from)}-${String(to)} ${String(reason)}, then ${peer.seqs.join(' ')}`;
}

async function volatile(stage: Stage): Promise<string> {
  const peer = await Peer.open(stage);
  await stage.post(peer.user, { ttl: 0 });
  const { type, seq } = await peer.got(({ log }) => log === 'user');
  await stage.post(peer.user);
  await peer.got((frame) => frame.seq === 1);
  await peer.end();
  return `${type}${seq === undefined ? '' : ' with a number'}, then ${peer.seqs.join(' ')}`;
}
