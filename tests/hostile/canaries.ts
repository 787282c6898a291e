// Row "Logs" of the security table: a canary in every field, header, frame and address that anybody may
// write, good and bad, so that one grep tells whether any of them reached a log.

import { askUpgrade } from '../conformance/handshake.ts';
import { helloWith, Peer } from '../conformance/peer.ts';
import type { Stage } from '../conformance/stage.ts';
import { closeBytes, frameBytes, opcodes } from '../conformance/wire-frame.ts';
import { rawRequest } from './raw-http.ts';
import { ask, type Keys } from './victim.ts';

/** In everything that must not be logged. */
export const canary = 'canary7f3';

/** Sends all of them. Users and devices have plain names: those may be in logs. */
export async function releaseCanaries(stage: Stage, keys: Keys): Promise<void> {
  await overHttp(stage, keys);
  await overSockets(stage);
}

async function overHttp({ target }: Stage, { own }: Keys): Promise<void> {
  const messages = `${target.collectUrl}/v1/messages`;
  const whole = {
    to: 'user:logged',
    event: canary,
    data: { [canary]: canary },
    notification: { title: canary, body: canary, url: `/${canary}` },
    externalId: canary,
    metadata: { [canary]: canary },
  };
  const headers = {
    'idempotency-key': canary,
    cookie: `a=${canary}`,
    'user-agent': canary,
    referer: `http://a/${canary}`,
    'x-forwarded-for': canary,
    [`x-${canary}`]: canary,
  };
  const bad = { ...whole, [canary]: canary, ttl: canary, to: `user:${canary}/` };
  const bodies: unknown[] = [whole, bad, { messages: [whole, bad] }, canary, `{"${canary}`, [canary]];
  for (const body of bodies)
    for (const path of ['', ':batch']) await ask(messages + path, { key: own, body, headers });
  const tokens = `${target.authUrl}/v1/tokens`;
  await ask(tokens, { key: own, body: { user: 'logged', topics: [canary] }, headers });
  await ask(tokens, { key: own, body: { user: `${canary}/`, device: `${canary}/`, [canary]: 1 }, headers });
  for (const url of [messages, tokens]) {
    await ask(url, { key: `ck_${canary}_${'x'.repeat(52)}`, body: whole });
    await ask(url, { key: canary, body: whole, method: 'PUT' });
    for (const query of [`?key=${canary}`, `?access_token=ck_${canary}_${'x'.repeat(52)}`, `/${canary}`])
      await ask(url + query, { key: own });
  }
  await ask(`${messages}/x/deliveries/${canary}`, { key: own });
  const folded = `Request-Id: a\r\n level:50 ${canary}\r\n`;
  const injected = `GET /${canary} HTTP/1.1\r\nHost: ${canary}\r\n${folded}\r\n`;
  for (const text of [
    injected,
    `${canary}\r\n\r\n`,
    `GET /%0d%0a${canary} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
  ])
    await rawRequest(target.collectUrl, [text], 300);
}

async function overSockets(stage: Stage): Promise<void> {
  const { socketUrl } = stage.target;
  const headers: Record<string, string>[] = [
    { 'Sec-WebSocket-Protocol': canary },
    { Origin: `https://${canary}.example` },
    { 'Sec-WebSocket-Protocol': `carillon.v1, bearer.${canary}` },
    { 'Sec-WebSocket-Key': canary },
    { Cookie: `a=${canary}` },
  ];
  for (const one of headers)
    await askUpgrade({ socketUrl, headers: one, path: `/v1/connect?token=${canary}` });
  const token = await stage.token('logged');
  const session = async () => Peer.open(stage, { user: 'logged', token, hello: { app: 'page 1.0' } });
  const firsts = [
    helloWith({ instance: `${canary} ` }),
    { type: canary },
    helloWith({ app: canary, topics: [canary] }),
  ];
  for (const first of firsts) {
    const peer = await Peer.connect(stage, { token });
    peer.send(first);
    await Promise.race([peer.closeCode(2_000), peer.got(({ type }) => type === 'welcome').catch(() => {})]);
    await peer.end();
  }
  const frames = [
    { type: 'call', ref: canary, method: canary, data: canary },
    { type: 'subscribe', topic: canary },
    { type: 'read', ids: [canary] },
    { type: 'token', token: `${canary}.${canary}.${canary}` },
    { type: 'ack', log: `topic:${canary}`, seq: 1 },
    { type: canary, [canary]: canary },
  ];
  for (const frame of frames) {
    const peer = await session();
    peer.send(frame);
    await peer.closeCode(150);
    await peer.end();
  }
  const rough = [
    closeBytes(4204, canary),
    frameBytes({ opcode: opcodes.text, payload: `{"${canary}` }),
    frameBytes({ opcode: 5, payload: canary }),
  ];
  for (const bytes of rough) {
    const peer = await session();
    peer.write(bytes);
    await peer.closeCode(1_000);
  }
}
