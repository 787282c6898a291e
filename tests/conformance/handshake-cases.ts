// RFC 6455 section 4 and the order of refusals of protocol.md: requests as text, and the status they get.
import type { Case } from './conformance-case.ts';
import { acceptOf, askUpgrade, type HeaderChanges, handshakeRequest, sampleKey } from './handshake.ts';
import { helloWith } from './peer.ts';
import { RawSocket } from './raw-socket.ts';
import type { Stage } from './stage.ts';
import { textBytes } from './wire-frame.ts';

interface Row {
  readonly name: string;
  readonly headers?: HeaderChanges;
  readonly method?: string;
  readonly path?: string;
  /** True: no token is sent. */
  readonly isAnonymous?: boolean;
  readonly expect: readonly string[];
}

/** Refused by HTTP, in whichever words. */
const refused = ['400', '404', '405', '426'];
/** Nothing lives there: a connection that is cut says so too. */
const nowhere = [...refused, 'no answer'];

const rows: Row[] = [
  { name: 'a handshake as it should be', expect: ['101 carillon.v1'] },
  {
    name: 'Upgrade and Connection in other letters',
    headers: { Upgrade: 'WebSocket', Connection: 'keep-alive, uPgRaDe' },
    expect: ['101 carillon.v1'],
  },
  {
    name: 'names of headers in capitals',
    headers: { 'Sec-WebSocket-Key': null, 'SEC-WEBSOCKET-KEY': sampleKey },
    expect: ['101 carillon.v1'],
  },
  {
    name: 'an extension that is offered is not taken',
    headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' },
    expect: ['101 carillon.v1'],
  },
  {
    name: 'other subprotocols beside',
    headers: { 'Sec-WebSocket-Protocol': 'chat, carillon.v1, mqtt' },
    expect: ['101 carillon.v1'],
  },
  {
    name: 'version 7',
    headers: { 'Sec-WebSocket-Version': '7' },
    expect: ['400 versions 13', '426 versions 13'],
  },
  {
    name: 'version 14',
    headers: { 'Sec-WebSocket-Version': '14' },
    expect: ['400 versions 13', '426 versions 13'],
  },
  {
    name: 'no version',
    headers: { 'Sec-WebSocket-Version': null },
    expect: ['400 versions 13', '426 versions 13'],
  },
  { name: 'no key', headers: { 'Sec-WebSocket-Key': null }, expect: ['400'] },
  { name: 'a key of 15 bytes', headers: { 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAA' }, expect: ['400'] },
  {
    name: 'a key that is not base64',
    headers: { 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!!!' },
    expect: ['400'],
  },
  { name: 'no Upgrade', headers: { Upgrade: null, Connection: null }, expect: refused },
  { name: 'Upgrade to something else', headers: { Upgrade: 'h2c' }, expect: refused },
  { name: 'POST', method: 'POST', expect: refused },
  { name: 'another path', path: '/v1/connect/other', expect: nowhere },
  {
    name: 'no subprotocol',
    headers: { 'Sec-WebSocket-Protocol': null },
    expect: ['400 unsupported_subprotocol'],
  },
  {
    name: 'another subprotocol',
    headers: { 'Sec-WebSocket-Protocol': 'carillon.v2' },
    expect: ['400 unsupported_subprotocol'],
  },
  {
    name: 'the subprotocol in capitals',
    headers: { 'Sec-WebSocket-Protocol': 'CARILLON.V1' },
    expect: ['400 unsupported_subprotocol'],
  },
  {
    name: 'the subprotocol twice',
    headers: { 'Sec-WebSocket-Protocol': 'carillon.v1, carillon.v1' },
    expect: ['400'],
  },
  {
    name: 'an Origin of nobody',
    headers: { Origin: 'https://evil.example' },
    expect: ['403 origin_forbidden'],
  },
  { name: 'the Origin null', headers: { Origin: 'null' }, expect: ['403 origin_forbidden'] },
  { name: 'no bearer', isAnonymous: true, expect: ['401 token_missing'] },
  {
    name: 'an empty bearer',
    isAnonymous: true,
    headers: { 'Sec-WebSocket-Protocol': 'carillon.v1, bearer.' },
    // Upgraded, it is a token that is bad: 4001.
    expect: ['401 token_missing', '101 carillon.v1'],
  },
  {
    name: 'Basic instead of Bearer',
    isAnonymous: true,
    headers: { Authorization: 'Basic YTpi' },
    expect: ['401 token_missing'],
  },
  {
    name: 'a cookie instead of a bearer',
    isAnonymous: true,
    headers: { Cookie: 'token=a.b.c' },
    expect: ['401 token_missing'],
  },
  {
    name: 'a token in the address',
    isAnonymous: true,
    path: '/v1/connect?token=a.b.c',
    expect: ['401 token_missing'],
  },
  {
    name: 'subprotocol comes before Origin',
    headers: { 'Sec-WebSocket-Protocol': 'x', Origin: 'https://evil.example' },
    expect: ['400 unsupported_subprotocol'],
  },
  {
    name: 'Origin comes before bearer',
    isAnonymous: true,
    headers: { Origin: 'https://evil.example' },
    expect: ['403 origin_forbidden'],
  },
  {
    name: 'headers of more than 16 KiB',
    headers: { 'X-Much': 'x'.repeat(17_000) },
    expect: ['431 headers_too_large', '431'],
  },
];

const inTable: Case[] = rows.map((row) => ({
  group: 'handshake',
  name: row.name,
  expected: row.expect,
  play: (stage) => ask(stage, row),
}));

const alone: Case[] = [
  {
    group: 'handshake',
    name: 'the key is answered as RFC 6455 says',
    expected: ['s3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
    play: async (stage) => {
      const answer = await askUpgrade({ socketUrl: stage.target.socketUrl, token: await newToken(stage) });
      return answer.headers['sec-websocket-accept'] ?? 'none';
    },
  },
  {
    group: 'handshake',
    name: 'hello in the packet of the handshake',
    expected: ['welcome'],
    play: (stage) =>
      slowly(stage, (request) => [
        Buffer.concat([Buffer.from(request), textBytes(JSON.stringify(helloWith()))]),
      ]),
  },
  {
    group: 'handshake',
    name: 'handshake byte by byte',
    expected: ['welcome'],
    play: (stage) =>
      slowly(stage, (request) => [
        ...[...Buffer.from(request)].map((byte) => Buffer.from([byte])),
        textBytes(JSON.stringify(helloWith())),
      ]),
  },
  pageCase('a page of the tenant with its token as subprotocol', ['101 carillon.v1'], (token) => ({
    'Sec-WebSocket-Protocol': `carillon.v1, bearer.${token}`,
  })),
  pageCase('a page with its token as Authorization', ['401 token_missing'], (token) => ({
    Authorization: `Bearer ${token}`,
  })),
  ...['HTTPS', 'port', 'subdomain', 'slash'].map((way) =>
    pageCase(`the Origin of a page, changed: ${way}`, ['403 origin_forbidden'], (token, origin) => ({
      'Sec-WebSocket-Protocol': `carillon.v1, bearer.${token}`,
      Origin: changed(origin, way),
    })),
  ),
];

/** Who may open a socket, and what a refusal looks like. */
export const handshakeCases: readonly Case[] = [...inTable, ...alone];

function pageCase(
  name: string,
  expected: readonly string[],
  headersOf: (token: string, origin: string) => HeaderChanges,
): Case {
  return {
    group: 'handshake',
    name,
    expected,
    obstacle: ({ target }) => (target.origin === undefined ? 'needs an allowed origin' : undefined),
    play: async (stage) => {
      const { socketUrl, origin = '' } = stage.target;
      const headers = { Origin: origin, ...headersOf(await newToken(stage), origin) };
      return wordsOf(await askUpgrade({ socketUrl, headers }));
    },
  };
}

function changed(origin: string, way: string): string {
  const url = new URL(origin);
  switch (way) {
    case 'HTTPS':
      return url.protocol === 'https:' ? origin.replace('https:', 'http:') : origin.replace('http:', 'HTTP:');
    case 'port':
      return `${url.protocol}//${url.hostname}:1`;
    case 'subdomain':
      return `${url.protocol}//${url.hostname}.evil.example`;
    default:
      return `${origin}/`;
  }
}

async function ask(stage: Stage, { headers = {}, method, path, isAnonymous }: Row): Promise<string> {
  const token = isAnonymous ? undefined : await newToken(stage);
  const { socketUrl } = stage.target;
  return wordsOf(
    await askUpgrade({
      socketUrl,
      token,
      headers,
      ...(method === undefined ? {} : { method }),
      ...(path === undefined ? {} : { path }),
    }),
  );
}

/** The status, and what the client must know of the answer. */
function wordsOf({ status, headers, body }: Awaited<ReturnType<typeof askUpgrade>>): string {
  if (status === 101) {
    if (headers['sec-websocket-accept'] !== acceptOf(sampleKey)) return '101 with another accept';
    if (headers['sec-websocket-extensions'] !== undefined) return '101 with an extension';
    return `101 ${headers['sec-websocket-protocol']}`;
  }
  if (status === 0) return 'no answer';
  const versions = headers['sec-websocket-version'];
  if (versions !== undefined) return `${status} versions ${versions.split(',')[0]}`;
  const code = /"code":"(\w+)"/.exec(body)?.[1];
  return code === undefined || status === 404 || status === 405 ? String(status) : `${status} ${code}`;
}

async function newToken(stage: Stage): Promise<string> {
  return stage.token(stage.newUser());
}

async function slowly(stage: Stage, partsOf: (request: string) => readonly Uint8Array[]): Promise<string> {
  const { socketUrl } = stage.target;
  const socket = await RawSocket.open(socketUrl);
  try {
    for (const part of partsOf(handshakeRequest({ socketUrl, token: await newToken(stage) }))) {
      socket.write(part);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { status } = await socket.answer();
    if (status !== 101) return String(status);
    const frame = await socket.frame();
    return frame ? (JSON.parse(frame.payload.toString()) as { type: string }).type : 'ended';
  } finally {
    socket.destroy();
  }
}
