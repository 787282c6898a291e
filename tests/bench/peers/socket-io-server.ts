// socket.io as people run it on several processes: one takes the POSTs and emits, another holds the
// sockets, Redis is between them. It stores nothing and asks for no acknowledgement.
// Run: node socket-io-server.ts PORT edge|node REDIS-PORT
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createAdapter } from '@socket.io/redis-adapter';
import { Server } from 'socket.io';
import { type Item, postServer } from './http.ts';

interface RedisClient {
  duplicate(): RedisClient;
}

const [, , port, role, redisPort] = process.argv;
/** The driver that our own routes use. */
const fromRoutes = createRequire(
  join(import.meta.dirname, '../../../libs/adapters/routes-redis/package.json'),
);
const { Redis } = fromRoutes('ioredis') as { Redis: new (port: number, host: string) => RedisClient };
const client = new Redis(Number(redisPort), '127.0.0.1');
const io = new Server({
  adapter: createAdapter(client, client.duplicate()),
  transports: ['websocket'],
  serveClient: false,
});
const sent = new Map<string, number>();

const server = role === 'edge' ? postServer(emit) : createServer();
if (role === 'node') {
  io.attach(server);
  io.on('connection', (socket) => {
    const { user } = socket.handshake.auth as { user?: string };
    void socket.join([`user:${user}`, 'topic:bench']);
  });
}
server.listen(Number(port), '127.0.0.1', 4_096);

function emit(items: readonly Item[]): void {
  for (const { to, event, data } of items) {
    const seq = (sent.get(to) ?? 0) + 1;
    sent.set(to, seq);
    const log = to.startsWith('user:') ? 'user' : to;
    const id = `msg_${String(seq).padStart(26, '0')}`;
    io.to(to).emit('message', { type: 'message', log, seq, id, event, data, sentAt: Date.now() });
  }
}
