// The log `all`, which every session of the tenant follows. Played one after the other when all other cases
// over, for its messages reach everybody; on the server of somebody else only where that is allowed.
import type { Case } from './conformance-case.ts';
import { type Frame, Peer } from './peer.ts';
import type { Stage } from './stage.ts';

const rows: readonly (readonly [name: string, expected: string, play: Case['play']])[] = [
  ['a message comes to users that have nothing in common, with one number', 'the next, the same', toTwo],
  ['a new session starts at the head', 'at the head, resumed', atHead],
  ['a cursor resumes', 'resumed, 1 message', resumes],
  ['what a device acknowledged does not come to it again', 'at the head, resumed', acked],
  ['what is only for now takes no number', 'volatile without a number, then the next', volatile],
  ['its acks do not settle the log of the user', '1 left', ackOfOther],
];

/** All of `all`. */
export const everybodyCases: readonly Case[] = rows.map(([name, expected, play]) => ({
  group: 'everybody',
  name,
  expected: [expected],
  play,
  isAlone: true,
  obstacle: ({ target }) =>
    target.mayReachEverybody
      ? undefined
      : 'every user of the tenant would get its messages: --everybody allows it',
}));

const isMessage = ({ type, log }: Frame) => type === 'message' && log === 'all';

function startOf(peer: Peer): { from: number; head: number; resumed: boolean } {
  return (peer.welcome.logs as { all: { from: number; head: number; resumed: boolean } }).all;
}

async function toTwo(stage: Stage): Promise<string> {
  const peers = [await Peer.open(stage), await Peer.open(stage)];
  const heads = peers.map((peer) => startOf(peer).head);
  await stage.send('all');
  const seqs = [];
  for (const peer of peers) seqs.push((await peer.got(isMessage)).seq ?? 0);
  await Promise.all(peers.map((peer) => peer.end()));
  const isNext = seqs.every((seq, at) => seq === (heads[at] ?? 0) + 1);
  return `${isNext ? 'the next' : 'another one'}, ${seqs[0] === seqs[1] ? 'the same' : 'not the same'}`;
}

async function atHead(stage: Stage): Promise<string> {
  await stage.send('all');
  return headOf(await Peer.open(stage));
}

async function headOf(peer: Peer): Promise<string> {
  await peer.settled();
  await peer.end();
  const { from, head, resumed } = startOf(peer);
  const isThere = from === head && head > 0 && !peer.frames.some(isMessage);
  return `${isThere ? 'at the head' : `${from} of ${head}`}, ${resumed ? 'resumed' : 'gap'}`;
}

async function resumes(stage: Stage): Promise<string> {
  await stage.send('all');
  const before = await Peer.open(stage);
  await before.end();
  const peer = await Peer.open(stage, {
    user: before.user,
    hello: { cursors: { all: startOf(before).head - 1 } },
  });
  await peer.got(isMessage);
  await peer.settled();
  await peer.end();
  const count = peer.frames.filter(isMessage).length;
  return `${startOf(peer).resumed ? 'resumed' : 'gap'}, ${count} message`;
}

async function acked(stage: Stage): Promise<string> {
  const device = { device: 'd1' };
  const first = await Peer.open(stage, { hello: device });
  await stage.send('all');
  const { seq } = await first.got(isMessage);
  first.send({ type: 'ack', log: 'all', seq });
  await first.settled();
  await first.end();
  await stage.positionsAreKept();
  return headOf(await Peer.open(stage, { user: first.user, hello: device }));
}

async function volatile(stage: Stage): Promise<string> {
  const peer = await Peer.open(stage);
  await stage.send('all', 1, { ttl: 0 });
  const { type, seq } = await peer.got(({ log }) => log === 'all');
  await stage.send('all');
  const next = await peer.got(isMessage);
  await peer.end();
  const number = seq === undefined ? 'without a number' : `with ${seq}`;
  return `${type} ${number}, then ${next.seq === startOf(peer).head + 1 ? 'the next' : `${next.seq}`}`;
}

async function ackOfOther(stage: Stage): Promise<string> {
  const peer = await Peer.open(stage, { hello: { device: 'd1' } });
  await stage.post(peer.user);
  await stage.send('all');
  const { seq } = await peer.got(isMessage);
  await peer.got(({ log, type }) => type === 'message' && log === 'user');
  peer.send({ type: 'ack', log: 'all', seq });
  await peer.settled();
  await peer.end();
  const again = await Peer.open(stage, { user: peer.user, hello: { device: 'd1' } });
  await again.got(({ log, type }) => type === 'message' && log === 'user');
  await again.end();
  return `${again.frames.filter(({ type, log }) => type === 'message' && log === 'user').length} left`;
}
