// A real Redis for tests and development. Keeps nothing: after a kill and a restart it is empty, which is the
// fault that routes must survive.
import { findBinary } from './binary.ts';
import { isAnswering } from './port.ts';
import { startServer } from './server.ts';
import { type SingleServer, single } from './single.ts';

/** Always starts one of its own, for it may be killed and flushed at will. */
export async function startRedis(): Promise<SingleServer> {
  const server = await startServer({
    name: 'redis-server',
    binary: await findBinary('redis-server'),
    args: (port, folder) => [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
      ...['--save', '', '--appendonly', 'no'],
    ],
    isReady: (port) => isAnswering({ port, send: 'PING\r\n', expect: '+PONG' }),
  });
  return single(`redis://127.0.0.1:${server.port}`, server);
}
