// The floor of every ratio: a bare `ws` server that does only the last hop. What is posted goes to all
// sockets, as one frame made once or put into JSON for each; `/unicast?messages=N` sends so many, one to
// each socket in turns.
// Run: node raw-server.ts PORT framed|json
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Item, postServer } from './http.ts';

/** Sockets per turn of the event loop. */
const slice = 500;
const isFramed = process.argv[3] === 'framed';
const server = postServer(broadcast, otherwise);
const sockets: Held[] = [];
let broadcastSeq = 0;
let turn = 0;

/** A socket and how many messages it alone has got. */
interface Held {
  readonly socket: WebSocket;
  sent: number;
}

new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false }).on(
  'connection',
  (socket) => {
    const held = { socket, sent: 0 };
    sockets.push(held);
    socket.on('close', () => sockets.splice(sockets.indexOf(held), 1));
    // What a server must at least do with an acknowledgement.
    socket.on('message', (data: Buffer) => JSON.parse(data.toString()));
  },
);
server.listen(Number(process.argv[2]), '127.0.0.1', 4_096);

function broadcast(items: readonly Item[]): void {
  const messages = items.map(({ to, event, data }) => {
    broadcastSeq += 1;
    return {
      type: 'message',
      log: to,
      seq: broadcastSeq,
      id: idOf(broadcastSeq),
      event,
      data,
      sentAt: Date.now(),
    };
  });
  if (isFramed) {
    const frames = Buffer.concat(messages.map((message) => framed(JSON.stringify(message))));
    for (const { socket } of sockets) (socket as unknown as { _socket: Socket })._socket.write(frames);
    return;
  }
  for (const { socket } of sockets) for (const message of messages) socket.send(JSON.stringify(message));
}

function otherwise({ url = '' }: IncomingMessage, response: ServerResponse): void {
  const messages = Number(new URL(url, 'http://raw').searchParams.get('messages'));
  unicast(turn, turn + messages);
  turn += messages;
  response.writeHead(202, { 'content-length': 0 }).end();
}

function unicast(from: number, to: number): void {
  const end = Math.min(to, from + slice);
  for (let n = from; n < end; n += 1) {
    const data = {
      orderId: n,
      t: Math.round((performance.timeOrigin + performance.now()) * 1000),
      text: padded(n, 64),
    };
    const held = sockets[n % sockets.length];
    if (!held) return;
    held.sent += 1;
    const head = { type: 'message', log: 'user', seq: held.sent, id: idOf(n), event: 'order.paid' };
    held.socket.send(JSON.stringify({ ...head, data, sentAt: Date.now() }));
  }
  if (end < to) setImmediate(() => unicast(end, to));
}

/** A text frame of a server as RFC 6455 wants it. */
function framed(text: string): Buffer {
  const payload = Buffer.from(text);
  const { length } = payload;
  const head = length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), payload]);
}

function idOf(n: number): string {
  return `msg_${padded(n, 26)}`;
}

function padded(n: number, width: number): string {
  return String(n).padStart(width, '0');
}
