// Rows "Input limits", "Slow-loris" and "Payload" of the security table against the real standalone process.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handshakeRequest } from '../conformance/handshake.ts';
import { Peer } from '../conformance/peer.ts';
import { frameBytes, opcodes } from '../conformance/wire-frame.ts';
import { buildApps, buildTimeoutMs } from '../setup/built.ts';
import { type Piece, rawRequest } from './raw-http.ts';
import { ask, startVictim, type Victim } from './victim.ts';

let victim: Victim;
beforeAll(async () => {
  await buildApps();
  victim = await startVictim();
}, buildTimeoutMs);
afterAll(() => victim?.running.remove());

const mebibyte = 1_048_576;
const least = '"to":"user:a","event":"x"';
const nested = (levels: number) => `{${least},"data":${'['.repeat(levels)}${']'.repeat(levels)}}`;
/** A body of exactly so many bytes, of which most is white space. */
const padded = (bytes: number) => `{${least}}`.padEnd(bytes);
const batch = (count: number) =>
  `{"messages":[${Array.from({ length: count }, () => `{${least}}`).join(',')}]}`;
const bytesOf = (text: string, ...bytes: number[]) =>
  Buffer.concat([
    Buffer.from(`{${least},"data":"`),
    Buffer.from(text),
    Buffer.from(bytes),
    Buffer.from('"}'),
  ]);

const bodies: readonly (readonly [name: string, body: string | Uint8Array, statuses: readonly number[]])[] = [
  ['of 1 MiB', padded(mebibyte), [202]],
  ['of 1 MiB and a byte', padded(mebibyte + 1), [413]],
  ['with data of 64 KiB', `{${least},"data":"${'x'.repeat(65_534)}"}`, [202]],
  ['with data of 64 KiB and a byte', `{${least},"data":"${'x'.repeat(65_535)}"}`, [422]],
  ['with data of 32 levels', nested(32), [202]],
  ['with data of 33 levels', nested(33), [422]],
  ['with data of 100,000 levels', nested(100_000), [400, 422]],
  ['of 500,000 open brackets', '['.repeat(500_000), [400]],
  ['with a number that is no double', `{${least},"data":1e999}`, [400, 422]],
  ['with a number of 100,000 digits', `{${least},"data":${'9'.repeat(100_000)}}`, [400, 422]],
  ['with the member __proto__', `{${least},"__proto__":{"scopes":["admin"]}}`, [400, 422]],
  ['with __proto__ inside of data', `{${least},"data":{"__proto__":{"a":1}}}`, [400, 422]],
  [
    'with constructor.prototype inside of data',
    `{${least},"data":{"constructor":{"prototype":{"a":1}}}}`,
    [400, 422],
  ],
  ['with a field that nobody knows', `{${least},"admin":true}`, [422]],
  ['with an operator as addressee', '{"to":{"$gt":""},"event":"x"}', [422]],
  ['with an operator as ttl', `{${least},"ttl":{"$gt":0}}`, [422]],
  ['that is not UTF-8', bytesOf('', 0xff), [400]],
  ['with an overlong character', bytesOf('', 0xc0, 0xaf), [400]],
  ['with half a surrogate pair in UTF-8', bytesOf('', 0xed, 0xa0, 0x80), [400]],
  ['that ends inside of a character', Buffer.from([...Buffer.from(`{${least},"data":"`), 0xe2]), [400]],
  ['in UTF-16', Buffer.from(`{${least}}`, 'utf16le'), [400]],
  ['that is empty', '', [422, 400]],
  ['that is no JSON', 'to=user:a&event=x', [400]],
  ['that is null', 'null', [422]],
  ['that is a list', '[]', [422]],
  ['with a url that runs', `{${least},"notification":{"title":"x","url":"javascript:alert(1)"}}`, [422]],
  [
    'with a url that runs behind a tab',
    `{${least},"notification":{"title":"x","url":"java\\tscript:alert(1)"}}`,
    [422],
  ],
  ['with a url of data', `{${least},"notification":{"title":"x","url":"data:text/html,x"}}`, [422]],
];

describe('a body', () => {
  it.each(bodies)('%s', async (_name, body, statuses) => {
    const answer = await ask(`${victim.running.url}/v1/messages`, { key: victim.keys.own, body });
    expect(statuses).toContain(answer.status);
    // What was wrong is said without repeating it at length.
    if (answer.status >= 400) expect(answer.text.length).toBeLessThan(4_000);
  });

  it('of 1,000 messages is a batch, of 1,001 is none', async () => {
    const url = `${victim.running.url}/v1/messages:batch`;
    const statuses = [];
    for (const count of [1_000, 1_001])
      statuses.push((await ask(url, { key: victim.keys.own, body: batch(count) })).status);
    expect(statuses).toEqual([200, 422]);
  });

  it('needs its type, and none that is packed is opened', async () => {
    const url = `${victim.running.url}/v1/messages`;
    const body = `{${least}}`;
    const headers: Record<string, string>[] = [
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/x-www-form-urlencoded' },
      { 'content-type': 'multipart/form-data; boundary=x' },
      { 'content-encoding': 'gzip' },
    ];
    const statuses = [];
    for (const one of headers)
      statuses.push((await ask(url, { key: victim.keys.own, body, headers: one })).status);
    expect(statuses.slice(0, 3)).toEqual([415, 415, 415]);
    expect([202, 400, 415]).toContain(statuses[3]);
  });
});

describe('a request', () => {
  const head = (extra: string, method = 'POST') =>
    `${method} /v1/messages HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${victim.keys.own}\r\n` +
    `Content-Type: application/json\r\n${extra}\r\n`;
  const cases: readonly (readonly [name: string, pieces: () => Piece[], statuses: readonly number[]])[] = [
    ['with two lengths', () => [head('Content-Length: 4\r\nContent-Length: 5\r\n'), '{"a"}'], [400]],
    [
      'with a length and chunks',
      () => [head('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n'), '0\r\n\r\n'],
      [400],
    ],
    ['with a chunk of a bad size', () => [head('Transfer-Encoding: chunked\r\n'), 'zz\r\n'], [400]],
    ['with a negative length', () => [head('Content-Length: -1\r\n')], [400]],
    ['with a length of 2^64', () => [head('Content-Length: 18446744073709551616\r\n')], [400]],
    ['that claims 1 GiB', () => [head('Content-Length: 1073741824\r\n')], [413]],
    ['with headers of 17 KiB', () => [head(`X-Much: ${'x'.repeat(17_408)}\r\n`)], [431]],
    ['with 3,000 headers', () => [head('a: b\r\n'.repeat(3_000))], [431]],
    ['with a bare CR in a header', () => [head('X-A: b\rc\r\n')], [400]],
    ['with a space before the colon', () => [head('Content-Length : 4\r\n')], [400]],
    ['that is TLS', () => [Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00])], [400]],
    ['that is HTTP/2', () => ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'], [400, 505]],
  ];
  it.each(cases)('%s', async (_name, pieces, statuses) => {
    const { status } = await rawRequest(victim.running.url, pieces());
    expect(statuses).toContain(status);
  });
});

// They wait side by side.
describe.concurrent('somebody slow', () => {
  const dripping = function* (first: string, drop: string): Generator<Piece> {
    yield first;
    for (let at = 0; at < 40; at += 1) {
      yield 500;
      yield drop;
    }
  };
  const post = (extra: string) => `POST /v1/messages HTTP/1.1\r\nHost: a\r\n${extra}`;

  it('is cut off, with headers, a body, an upgrade or a hello that never ends', {
    timeout: 40_000,
  }, async () => {
    const { url } = victim.running;
    const { socketUrl } = victim.target;
    const token = await victim.stage.token('slow');
    const body = post('Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{');
    const cut = await Promise.all([
      rawRequest(url, dripping(post(''), 'X-A: b\r\n'), 20_000),
      rawRequest(url, dripping(body, ' '), 20_000),
      rawRequest(url, [handshakeRequest({ socketUrl, token }).slice(0, -2)], 20_000),
    ]);
    expect(cut.map(({ status }) => [408, 0].includes(status))).toEqual([true, true, true]);
    const limits = [7_500, 12_500, 7_500];
    for (const [at, { ms }] of cut.entries()) expect(ms).toBeLessThan(limits[at] ?? 0);
  });

  it('says nothing, half a frame or pings instead of hello: 4202 after 5 s', {
    timeout: 20_000,
  }, async () => {
    const ping = frameBytes({ opcode: opcodes.ping });
    const half = frameBytes({ opcode: opcodes.text, payload: '{"type":', length: 9_000n });
    const waits = ['nothing', 'half a frame', 'pings'].map(async (what) => {
      const peer = await Peer.connect(victim.stage);
      const startedAt = performance.now();
      const ticker = setInterval(() => what === 'pings' && peer.write(ping), 200);
      if (what === 'half a frame') peer.write(half);
      const code = await peer.closeCode(12_000);
      clearInterval(ticker);
      const ms = performance.now() - startedAt;
      return `${what}: ${code} ${ms > 4_500 && ms < 8_000 ? 'in time' : `after ${ms} ms`}`;
    });
    const each = ['nothing', 'half a frame', 'pings'].map((what) => `${what}: 4202 in time`);
    expect(await Promise.all(waits)).toEqual(each);
  });
});

describe('all of it', () => {
  it('has cost nothing: everything still works', async () => {
    const peer = await Peer.open(victim.stage);
    await victim.stage.post(peer.user);
    await peer.got(({ type }) => type === 'message');
    await peer.end();
    expect(victim.running.isAlive).toBe(true);
  });
});
