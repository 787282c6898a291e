// Peers as processes with addresses: started on free ports, pinned, ended by their ids. A peer that cannot
// be had is a reason to say so in the table, never to leave it out.
import { join } from 'node:path';
import { isAnswering } from '../../../tools/services/port.ts';
import { startRedis } from '../../../tools/services/redis.ts';
import { type Server, startServer } from '../../../tools/services/server.ts';
import { type Pins, pin } from '../pins.ts';
import type { Processes } from '../process-figures.ts';

export interface Peer {
  readonly postUrl: string;
  /** One per process that holds sockets. */
  readonly socketUrls: readonly string[];
  readonly mode: 'raw' | 'socket.io';
  processes(): Processes;
  stop(): Promise<void>;
}

/** A bare `ws` loop. */
export async function startRaw(pins: Pins, kind: 'framed' | 'json'): Promise<Peer> {
  const server = await startScript(pins, { script: 'raw-server.ts', args: [kind] });
  return {
    postUrl: `http://127.0.0.1:${server.port}`,
    socketUrls: [`ws://127.0.0.1:${server.port}/`],
    mode: 'raw',
    processes: () => new Map([['ws', [server.pid]]]),
    stop: () => server.stop(),
  };
}

/** socket.io with Redis between the process that takes POSTs and those that hold sockets. */
export async function startSocketIo(pins: Pins, nodes = 1): Promise<Peer> {
  const redis = await startRedis();
  pin(pins, 'server', [redis.pid]);
  const redisPort = String(redis.port);
  const script = 'socket-io-server.ts';
  const start = (role: string) => startScript(pins, { script, args: [role, redisPort] });
  const [edge, ...holders] = await Promise.all([
    start('edge'),
    ...Array.from({ length: nodes }, () => start('node')),
  ]);
  return {
    postUrl: `http://127.0.0.1:${edge.port}`,
    socketUrls: holders.map(({ port }) => `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`),
    mode: 'socket.io',
    processes: () =>
      new Map([
        ['edge', [edge.pid]],
        ['node', holders.map(({ pid }) => pid)],
        ['redis', [redis.pid]],
      ]),
    stop: async () => {
      await Promise.all([edge, ...holders].map((server) => server.stop()));
      await redis.stop();
    },
  };
}

interface Script {
  readonly script: string;
  readonly args: readonly string[];
}

/** A server of this folder that takes its port first. */
export async function startScript(pins: Pins, { script, args }: Script): Promise<Server> {
  const file = join(import.meta.dirname, script);
  const server = await startServer({
    name: 'bench-peer',
    binary: process.execPath,
    args: (port) => ['--disable-warning=ExperimentalWarning', file, String(port), ...args],
    isReady: (port) => isAnswering({ port }),
  });
  pin(pins, 'server', [server.pid]);
  return server;
}
