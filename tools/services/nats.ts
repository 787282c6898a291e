// A real NATS server for tests and development, core NATS only. Keeps nothing across a restart.
import { findBinary } from './binary.ts';
import { isAnswering } from './port.ts';
import { startServer } from './server.ts';
import { type SingleServer, single } from './single.ts';

/** Always starts one of its own, for it may be killed at will. */
export async function startNats(): Promise<SingleServer> {
  const server = await startServer({
    name: 'nats-server',
    binary: await findBinary('nats-server'),
    args: (port) => ['--addr', '127.0.0.1', '--port', String(port)],
    isReady: (port) => isAnswering({ port, expect: 'INFO ' }),
  });
  return single(`nats://127.0.0.1:${server.port}`, server);
}
