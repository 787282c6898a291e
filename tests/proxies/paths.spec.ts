// Which path leads where, what the proxy answers itself, and what it lets nobody pretend: echoes stand where
// the services are.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Balancer } from './balancer.ts';
import { type Echoes, type Heard, startEchoes } from './echo.ts';

let echoes: Echoes;
let balancer: Balancer;

beforeAll(async () => {
  echoes = await startEchoes();
  balancer = await Balancer.start(echoes.services);
}, 120_000);
afterAll(async () => {
  await balancer?.stop();
  await Promise.all((echoes?.all ?? []).map((echo) => echo.stop()));
});
afterEach(() => {
  for (const echo of echoes.all) echo.status = 200;
});

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends these bytes and nothing else, from this address, and reads until the other side is done. */
function exchange(bytes: string, from = '127.0.0.1'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const port = Number(new URL(balancer.url).port);
    const socket = connect({ port, host: '127.0.0.1', localAddress: from });
    let said = '';
    socket.on('data', (data) => {
      said += data;
    });
    socket.once('error', reject);
    socket.once('close', () => {
      const [head = '', body = ''] = said.split('\r\n\r\n');
      resolve({ status: Number(head.split(' ')[1]), head, body });
    });
    socket.write(bytes);
  });
}

function get(target: string, headers: readonly string[] = [], from?: string): Promise<Answer> {
  const lines = [`GET ${target} HTTP/1.1`, 'Host: push.example', 'Connection: close', ...headers];
  return exchange(`${lines.join('\r\n')}\r\n\r\n`, from);
}

const heardIn = ({ body }: Answer) => JSON.parse(body) as Heard;
const kindOf = (answer: Answer) => heardIn(answer).service.replace(/-\d$/, '');

describe('a public path', () => {
  it.each([
    ['/v1/connect', 'push'],
    ['/v1/connect?x=1', 'push'],
    ['/v1/stream', 'push'],
    ['/v1/stream/ack', 'push'],
    ['/v1/messages', 'collect'],
    ['/v1/messages:batch', 'collect'],
    ['/v1/messages/msg_01K4Z/deliveries/a..b', 'collect'],
    ['/v1/messages?user=..', 'collect'],
    ['/v1/topics/orders.eu/members/user@example%3A1', 'collect'],
    ['/v1/users/42:disconnect', 'collect'],
    ['/v1/inbox', 'collect'],
    ['/v1/inbox:read', 'collect'],
    ['/v1/jobs/1:pause', 'collect'],
    ['/v1/webhook-endpoints/1/attempts', 'collect'],
    ['/console', 'collect'],
    ['/console/app.js', 'collect'],
    ['/openapi.json', 'collect'],
    ['/asyncapi.json', 'collect'],
    ['/docs/errors', 'collect'],
    ['/v1/tokens', 'auth'],
    ['/v1/tokens:revoke', 'auth'],
    ['/v1/keys', 'auth'],
    ['/v1/keys/ck_1', 'auth'],
    ['/.well-known/jwks.json', 'auth'],
    ['/v1/.well-known/jwks.json', 'auth'],
  ])('%s leads to %s as it is', async (target, service) => {
    const answer = await get(target);
    expect(kindOf(answer)).toBe(service);
    expect(heardIn(answer).target).toBe(target);
  });

  it('is the same in a request that names the whole address, as one to a proxy does', async () => {
    const answer = await get('http://push.example/v1/messages?limit=1');
    expect(kindOf(answer)).toBe('collect');
    expect(heardIn(answer).target).toBe('/v1/messages?limit=1');
  });
});

describe('the proxy answers 404 by itself to', () => {
  const inside = ['/metrics', '/livez', '/readyz', '/startupz'];
  const tricks = inside.flatMap((path) => [
    ...[path, path.toUpperCase(), `${path}/`, `${path}?a=/v1/messages`, `/${path}`, `/.${path}`],
    ...[`/v1/..${path}`, `/v1/messages/../..${path}`, `/v1/messages/.${path}`, `/console/%2e%2e${path}`],
    ...[`/console/%2E%2e${path}`, `/v1/messages/..%2f..${path}`, `/console\\..\\..${path}`],
    ...[`/console/..%5c..${path}`, `/v1/messages/${path}`, `http://push.example${path}`],
    ...[`http://push.example/console/..${path}`, `/console%00${path}`, `/v1/connect${path}`],
  ]);

  it.each(tricks)('%s', async (target) => {
    const before = echoes.all.map(({ count }) => count);
    const { status, head, body } = await get(target);
    expect(status).toBe(404);
    expect(head).toContain('content-type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ code: 'not_found', status: 404, retryable: false });
    expect(echoes.all.map(({ count }) => count)).toEqual(before);
  });

  it.each(['/', '/v1', '/v1/', '/V1/messages', '/v1/Messages', '/v1/messagesx', '/v1/tokensx', '/consoles'])(
    '%s, which is nobody’s',
    async (target) => expect((await get(target)).status).toBe(404),
  );
});

describe('what a client says of itself', () => {
  it('does not reach a service: the address is the one it has', async () => {
    const forged = [
      ...['X-Forwarded-For: 203.0.113.7', 'x-forwarded-for: 127.0.0.1, 203.0.113.8'],
      ...['Forwarded: for=203.0.113.9', 'X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: https'],
    ];
    for (const path of ['/v1/stream', '/v1/messages', '/v1/tokens']) {
      const { headers } = heardIn(await get(path, forged, '127.0.0.7'));
      expect(headers['x-forwarded-for']).toBe('127.0.0.7');
      for (const name of ['forwarded', 'x-forwarded-host', 'x-forwarded-proto'])
        expect(headers).not.toHaveProperty(name);
    }
  });

  it('does not reach a push node in an upgrade either', async () => {
    const socket = new WebSocket(balancer.socketUrl, ['carillon.v1'], {
      localAddress: '127.0.0.8',
      headers: { 'x-forwarded-for': '203.0.113.7' },
    });
    const heard = await new Promise<Heard>((resolve) => {
      socket.once('message', (data: Buffer) => resolve(JSON.parse(data.toString()) as Heard));
    });
    socket.terminate();
    expect(heard.headers['x-forwarded-for']).toBe('127.0.0.8');
  });
});

describe('the cookie', () => {
  it('is one letter, for scripts not to see and caches not to keep, and is not passed on', async () => {
    const { head } = await get('/v1/stream');
    expect(head).toMatch(/^set-cookie: carillon=[a-z]; path=\/; HttpOnly$/im);
    expect(head).toMatch(/^cache-control: private$/im);
    const [, cookie = ''] = /set-cookie: ([^;]+)/i.exec(head) ?? [];
    const again = await get('/v1/stream', [`Cookie: mine=1; ${cookie}`]);
    expect(heardIn(again).headers.cookie).toBe('mine=1');
    expect(again.head).not.toMatch(/set-cookie/i);
  });

  it('is another one for each node', async () => {
    const given = new Map<string, string | undefined>();
    for (let n = 0; n < 8; n += 1) {
      const answer = await get('/v1/stream');
      given.set(heardIn(answer).service, /set-cookie: ([^;]+)/i.exec(answer.head)?.[1]);
    }
    expect([...given.keys()].toSorted()).toEqual(['push-1', 'push-2']);
    expect(new Set(given.values()).size).toBe(2);
  });

  it('that nobody gave is as none, and replaced', async () => {
    for (const cookie of ['push-1', 'z', '', '127.0.0.1:8080', 'a'.repeat(4_000)]) {
      const { status, head } = await get('/v1/stream', [`Cookie: carillon=${cookie}`]);
      expect(status).toBe(200);
      expect(head).toMatch(/^set-cookie: carillon=[a-z];/im);
    }
  });

  it('is given by push nodes alone', async () => {
    for (const path of ['/v1/messages', '/v1/tokens', '/metrics'])
      expect((await get(path)).head).not.toMatch(/set-cookie/i);
  });
});

it('says nothing of what is inside, in no answer', async () => {
  const targets = ['/v1/connect', '/v1/messages', '/v1/tokens', '/metrics', '/%ff', '/v1/connect/..'];
  for (const target of targets) {
    const { head } = await get(target);
    expect(head).not.toMatch(/haproxy|server:|via:|push-|127\.0\.0\.1/i);
  }
});

describe('a push node that refuses', () => {
  it('with 503 is left for the other one, whatever the cookie says', async () => {
    const [, cookie = ''] = /set-cookie: ([^;]+)/i.exec((await get('/v1/stream')).head) ?? [];
    const own = cookie.endsWith('a') ? 0 : 1;
    echoes.push[own === 0 ? 0 : 1].status = 503;
    const moved = await get('/v1/stream', [`Cookie: ${cookie}`]);
    expect(moved.status).toBe(200);
    expect(heardIn(moved).service).toBe(`push-${2 - own}`);
    expect(moved.head).toMatch(/set-cookie/i);
  });

  it('like all others: the client hears its words', async () => {
    for (const echo of echoes.push) echo.status = 503;
    const socket = new WebSocket(balancer.socketUrl, ['carillon.v1']);
    socket.on('error', () => {}); // That it was ended before it was open.
    const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    socket.terminate();
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('3');
  });

  it('a POST is not repeated elsewhere', async () => {
    for (const echo of echoes.push) echo.status = 503;
    const before = echoes.push.map(({ count }) => count);
    const head = 'POST /v1/stream/ack HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2';
    expect((await exchange(`${head}\r\n\r\n{}`)).status).toBe(503);
    const after = echoes.push.map(({ count }, at) => count - (before[at] ?? 0));
    expect(after.toSorted((one, other) => one - other)).toEqual([0, 1]);
  });
});

describe('headers', () => {
  it.each([
    ['one of 20,000 bytes', [`X-Big: ${'x'.repeat(20_000)}`]],
    ['of 300 lines', Array.from({ length: 300 }, (_, at) => `X-${at}: 1`)],
  ])('%s are refused and reach nobody', async (_, headers) => {
    const before = echoes.all.map(({ count }) => count);
    const { status } = await get('/v1/messages', headers);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(echoes.all.map(({ count }) => count)).toEqual(before);
  });

  it('that hold a token as long as allowed pass', async () => {
    const answer = await get('/v1/messages', [`Authorization: Bearer ${'x'.repeat(8_000)}`]);
    expect(heardIn(answer).headers.authorization).toHaveLength(8_007);
  });
});
