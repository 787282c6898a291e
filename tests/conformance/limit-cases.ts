// Every close code that a client can bring about, and the life of tokens. Codes that nobody can provoke from
// outside are named in the README, not here.
import type { Case } from './conformance-case.ts';
import { callText } from './conversation.ts';
import { Peer } from './peer.ts';
import type { Stage } from './stage.ts';
import { textBytes } from './wire-frame.ts';

/** A token counts for this long after it has expired. */
const skewMs = 30_000;
/** Sessions are looked after once a second. */
const tendMs = 1_500;

const cases: readonly (readonly [name: string, expected: string, play: Case['play']])[] = [
  ['no hello', '4202 in time', noHello],
  ['a token that is none', '4001', (stage) => closeOf(stage, 'a.b.c')],
  ['a token whose signature was changed', '4001', (stage) => changedToken(stage, 'signature')],
  ['a token whose payload was changed', '4001', (stage) => changedToken(stage, 'payload')],
  ['a token without signature, alg none', '4001', (stage) => changedToken(stage, 'none')],
  ['a token of a key that nobody knows', '4102', (stage) => changedToken(stage, 'kid')],
  ['a rejected socket that says hello all the same', '4001 and nothing else', rejectedHello],
  ['a 21st socket of one user', '4009', twentyOne],
  ['200 frames at once', 'open', (stage) => flood(stage, 150)],
  ['600 frames at once', '4103', (stage) => flood(stage, 600)],
  ['nothing is settled', '4101', unsettled],
  ['no pong', '4202', silent],
  ['pings that are answered', 'open', answering],
  ['a newer token', 'accepted, later', newerToken],
  ['a newer token of somebody else', '4001', (stage) => refresh(stage, (other) => stage.token(other))],
  ['a newer token of a key that nobody knows', 'error internal, retryable', unknownRefresh],
  ['an expired token on an open session', '4201', expired],
  ['an expired token at the door', '4201', expiredAtDoor],
  ['a session that got a newer token in time', 'open', outlived],
];

/** What ends a session besides a frame. */
export const limitCases: readonly Case[] = cases.map(([name, expected, play]) => ({
  group: 'limit',
  name,
  expected: [expected],
  play,
}));

async function noHello(stage: Stage): Promise<string> {
  const { helloTimeoutMs } = stage.target;
  const peer = await Peer.connect(stage);
  const startedAt = performance.now();
  const code = await peer.closeCode(helloTimeoutMs + 3_000);
  const isEarly = performance.now() - startedAt < helloTimeoutMs * 0.8;
  return `${code} ${isEarly ? 'too early' : 'in time'}`;
}

async function closeOf(stage: Stage, token: string): Promise<string> {
  const peer = await Peer.connect(stage, { token });
  return String(await peer.closeCode());
}

/** Of a good token, with one part made wrong. */
export function wrongToken(token: string, part: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const edit = (text: string, changes: object) => {
    const value = JSON.parse(Buffer.from(text, 'base64url').toString()) as object;
    return Buffer.from(JSON.stringify({ ...value, ...changes })).toString('base64url');
  };
  switch (part) {
    case 'signature':
      return `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    case 'payload':
      return `${header}.${edit(payload, { sub: 'somebody-else' })}.${signature}`;
    case 'none':
      return `${edit(header, { alg: 'none' })}.${payload}.`;
    default:
      return `${edit(header, { kid: 'nobody-knows-it' })}.${payload}.${signature}`;
  }
}

async function changedToken(stage: Stage, part: string): Promise<string> {
  return closeOf(stage, wrongToken(await stage.token(stage.newUser()), part));
}

async function rejectedHello(stage: Stage): Promise<string> {
  const user = stage.newUser();
  await stage.post(user);
  const token = wrongToken(await stage.token(user), 'signature');
  const peer = await Peer.connect(stage, { user, token });
  peer.send({ type: 'hello', instance: 'i1', cursors: {}, topics: [] });
  const code = await peer.closeCode();
  return `${code} and ${peer.frames.length === 0 ? 'nothing else' : 'more'}`;
}

async function twentyOne(stage: Stage): Promise<string> {
  const user = stage.newUser();
  const peers: Peer[] = [];
  for (let at = 0; at < 20; at += 1)
    peers.push(await Peer.open(stage, { user, hello: { instance: `i${at}` } }));
  const peer = await Peer.connect(stage, { user });
  peer.send({ type: 'hello', instance: 'i20', cursors: {}, topics: [] });
  const code = await peer.closeCode();
  await Promise.all(peers.map((one) => one.end()));
  return String(code);
}

async function flood(stage: Stage, frames: number): Promise<string> {
  const peer = await Peer.open(stage);
  const pong = textBytes('{"type":"pong"}');
  peer.write(Buffer.concat(Array.from({ length: frames }, () => pong)));
  const code = await peer.closeCode(1_500);
  if (code === -1) await peer.end();
  return code === -1 ? 'open' : String(code);
}

async function unsettled(stage: Stage): Promise<string> {
  const peer = await Peer.open(stage);
  await stage.post(peer.user);
  return String(await peer.closeCode(stage.target.ackTimeoutMs + tendMs + 3_000));
}

async function silent(stage: Stage): Promise<string> {
  const peer = await Peer.open(stage, { isSilent: true });
  return String(await peer.closeCode(stage.target.heartbeatMs * 1.5 + tendMs + 3_000));
}

async function answering(stage: Stage): Promise<string> {
  const peer = await Peer.open(stage);
  const code = await peer.closeCode(stage.target.heartbeatMs * 2 + tendMs);
  await peer.end();
  return code === -1 ? 'open' : String(code);
}

async function newerToken(stage: Stage): Promise<string> {
  const user = stage.newUser();
  const peer = await Peer.open(stage, { user, token: await stage.token(user, { ttl: '60s' }) });
  peer.send({ type: 'token', token: await stage.token(user, { ttl: '300s' }) });
  const { expiresAt } = await peer.got(({ type }) => type === 'token-accepted');
  await peer.end();
  return Number(expiresAt) > Number(peer.welcome.tokenExpiresAt) ? 'accepted, later' : 'accepted, not later';
}

async function refresh(stage: Stage, tokenOf: (otherUser: string) => Promise<string>): Promise<string> {
  const peer = await Peer.open(stage);
  peer.send({ type: 'token', token: await tokenOf(stage.newUser()) });
  return String(await peer.closeCode());
}

async function unknownRefresh(stage: Stage): Promise<string> {
  const user = stage.newUser();
  const peer = await Peer.open(stage, { user });
  peer.send({ type: 'token', token: wrongToken(await stage.token(user), 'kid') });
  const { code, retryable } = await peer.got(({ type }) => type === 'error');
  peer.sendText(callText('r1'));
  await peer.got(({ type }) => type === 'result');
  await peer.end();
  return `error ${String(code)}${retryable === true ? ', retryable' : ''}`;
}

async function expired(stage: Stage): Promise<string> {
  const user = stage.newUser();
  const peer = await Peer.open(stage, { user, token: await stage.token(user, { ttl: '1s' }) });
  return String(await peer.closeCode(1_000 + skewMs + tendMs + 3_000));
}

async function expiredAtDoor(stage: Stage): Promise<string> {
  const token = await stage.token(stage.newUser(), { ttl: '1s' });
  await new Promise((resolve) => setTimeout(resolve, 1_000 + skewMs + 500));
  return closeOf(stage, token);
}

async function outlived(stage: Stage): Promise<string> {
  const user = stage.newUser();
  const peer = await Peer.open(stage, { user, token: await stage.token(user, { ttl: '1s' }) });
  peer.send({ type: 'token', token: await stage.token(user, { ttl: '120s' }) });
  const code = await peer.closeCode(1_000 + skewMs + tendMs + 1_500);
  await peer.end();
  return code === -1 ? 'open' : String(code);
}
