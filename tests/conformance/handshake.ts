// The opening handshake of RFC 6455 as text, with every part replaceable. Must never repair what it is given.
import { createHash } from 'node:crypto';
import { type HttpAnswer, RawSocket } from './raw-socket.ts';

/** The key of the example in RFC 6455, section 1.3. */
export const sampleKey = 'dGhlIHNhbXBsZSBub25jZQ==';

/** Null takes a header away. */
export type HeaderChanges = Readonly<Record<string, string | null>>;

export interface Asked {
  readonly socketUrl: string;
  readonly token?: string | undefined;
  readonly headers?: HeaderChanges;
  /** `GET` unless given. */
  readonly method?: string;
  /** Path and query, instead of the address's own. */
  readonly path?: string;
}

/** The request of a client that is no browser: its token as `Authorization`. */
export function handshakeRequest({ socketUrl, token, headers = {}, method = 'GET', path }: Asked): string {
  const url = new URL(socketUrl);
  const all: Record<string, string | null> = {
    Host: url.host,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': sampleKey,
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Protocol': 'carillon.v1',
    Authorization: token === undefined ? null : `Bearer ${token}`,
    ...headers,
  };
  const lines = Object.entries(all)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path ?? url.pathname} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** What the server must answer to a key. */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** An answer to a handshake; the connection is over. */
export async function askUpgrade(asked: Asked): Promise<HttpAnswer> {
  const socket = await RawSocket.open(asked.socketUrl);
  try {
    socket.write(handshakeRequest(asked));
    return await socket.answer();
  } finally {
    socket.destroy();
  }
}

/** An open WebSocket on which nothing was sent yet. @throws when the upgrade is refused */
export async function upgraded(asked: Asked): Promise<RawSocket> {
  const socket = await RawSocket.open(asked.socketUrl);
  socket.write(handshakeRequest(asked));
  const { status, body } = await socket.answer();
  if (status !== 101) throw new Error(`the upgrade was answered ${status}: ${body}`);
  return socket;
}
