// How long the proxy waits: what is configured, and what it does with it at a thirtieth of the time.
import { once } from 'node:events';
import { connect } from 'node:net';
import { configReference } from '@carillon/platform';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Balancer } from './balancer.ts';
import { type Echo, type Echoes, startEchoes } from './echo.ts';
import { hurried, proxyConfig, timeouts } from './proxy-config.ts';

const factor = 30;
/** Proxies of others often cut what was silent for so long. */
const idleMs = 60_000;
const configured = timeouts(proxyConfig);
const heartbeatMs = Number(configReference().find(({ env }) => env === 'DELIVERY_HEARTBEAT_MS')?.default);

let echoes: Echoes;
let balancer: Balancer;

beforeAll(async () => {
  echoes = await startEchoes();
  balancer = await Balancer.start(echoes.services, hurried(proxyConfig, factor));
}, 120_000);
afterAll(async () => {
  await balancer?.stop();
  await Promise.all((echoes?.all ?? []).map((echo) => echo.stop()));
});

/** An open socket, and the push node's end of it. */
async function openSocket(): Promise<{ readonly socket: WebSocket; readonly end: WebSocket }> {
  const countOf = ({ sockets }: Echo) => sockets.length;
  const before = echoes.push.map(countOf);
  const socket = new WebSocket(balancer.socketUrl, ['carillon.v1']);
  await once(socket, 'message');
  const node = echoes.push.find((echo, at) => countOf(echo) > (before[at] ?? 0));
  const end = node?.sockets.at(-1);
  if (!end) throw new Error('no node has the socket');
  return { socket, end };
}

describe('as configured', () => {
  it('a WebSocket may be silent for longer than 60 s and than two heartbeats', () => {
    expect(heartbeatMs).toBe(25_000);
    expect(configured['tunnel']).toBeGreaterThan(idleMs / 1_000);
    expect(configured['tunnel']).toBeGreaterThan((2 * heartbeatMs) / 1_000);
  });

  it('a stream is not cut between two heartbeats, on either side', () => {
    expect(configured['server']).toBeGreaterThan(heartbeatMs / 1_000);
    expect(configured['client']).toBeGreaterThan(heartbeatMs / 1_000);
  });

  it('sockets of an earlier configuration end by themselves, however long that takes', () => {
    expect(proxyConfig).not.toMatch(/hard-stop-after|shutdown-sessions|maxidle|maxlife/);
  });

  it('whoever only begins, or ends half, is waited for 10 s', () => {
    expect(configured['http-request']).toBeLessThanOrEqual(10);
    expect(configured['client-fin']).toBeLessThanOrEqual(10);
    expect(configured['connect']).toBeLessThanOrEqual(5);
  });
});

describe(`at a ${factor}th of the time`, () => {
  it('a silent socket is cut, but not within 60 s, nor when a request would be', async () => {
    const { socket } = await openSocket();
    const silentSince = performance.now();
    await once(socket, 'close');
    const silentMs = (performance.now() - silentSince) * factor;
    expect(silentMs).toBeGreaterThan(idleMs);
    expect(silentMs).toBeGreaterThan(Math.max(configured['client'] ?? 0, configured['server'] ?? 0) * 1_000);
  }, 30_000);

  it('a socket with a heartbeat lives, although its client never says a word of its own', async () => {
    const { socket, end } = await openSocket();
    const beats = setInterval(() => end.ping(), heartbeatMs / factor);
    const since = performance.now();
    let beatsHeard = 0;
    const isAlive = new Promise<boolean>((resolve) => {
      socket.once('close', () => resolve(false));
      socket.on('ping', () => {
        beatsHeard += 1;
        if ((performance.now() - since) * factor > 2 * (configured['tunnel'] ?? 0) * 1_000) resolve(true);
      });
    });
    try {
      expect(await isAlive).toBe(true);
      expect(beatsHeard).toBeGreaterThan(2);
    } finally {
      clearInterval(beats);
      socket.terminate();
    }
  }, 30_000);

  it('a request whose headers do not come to an end is answered 408', async () => {
    const socket = connect(Number(new URL(balancer.url).port), '127.0.0.1');
    socket.write('GET /v1/messages HTTP/1.1\r\nHost: a\r\n');
    const drops = setInterval(() => socket.write('X: y\r\n'), 50);
    try {
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 408 /);
    } finally {
      clearInterval(drops);
      socket.destroy();
    }
  }, 30_000);
});
