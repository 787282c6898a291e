// The floor of every ratio: a bare `ws` server that does only the last hop. Told by IPC to send so many
// messages, one to each socket in turns, each put into JSON by itself.
import { type WebSocket, WebSocketServer } from 'ws';

/** Messages per turn of the event loop. */
const slice = 500;

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
const sockets: WebSocket[] = [];
server.on('connection', (socket) => sockets.push(socket));
server.on('listening', () => process.send?.(server.address()));
process.on('message', ({ messages }: { messages: number }) => send(0, messages));
process.on('disconnect', () => process.exit());

function send(from: number, messages: number): void {
  const end = Math.min(messages, from + slice);
  for (let n = from; n < end; n++) {
    const data = { orderId: n, text: String(n).padStart(64, '0') };
    const id = `msg_${String(n).padStart(26, '0')}`;
    const message = {
      type: 'message',
      log: 'user',
      seq: n,
      id,
      event: 'order.paid',
      data,
      sentAt: Date.now(),
    };
    sockets[n % sockets.length]?.send(JSON.stringify(message));
  }
  if (end < messages) setImmediate(() => send(end, messages));
}
