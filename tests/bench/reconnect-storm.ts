// Thousands of clients drop and come back at once, each with three missed messages: how long until the last
// has caught up, and what it cost. Run: node tests/bench/reconnect-storm.ts [clients]. Loopback, client on
// the same machine; it must never be part of the tests.
import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { type Cluster, startCluster } from '../../tools/cluster/cluster.ts';
import { TokenShop } from '../fleet/token-shop.ts';

const clients = Number(process.argv[2] ?? 5_000);
const rounds = 3;
const missed = 3;
const recipientsMax = 1_000;
/** Of /proc/PID/stat. */
const ticksPerS = 100;
/** Closes before a client had caught up, by reason. */
let refused: Record<string, number> = {};

const cluster = await startCluster({
  pushNodes: 1,
  members: 1,
  env: {
    LOG_LEVEL: 'error',
    PUSH_ADMISSION_PER_SECOND: '100000',
    PUSH_ADMISSION_BURST: '100000',
    ...(process.env['STORM_ENV'] ? JSON.parse(process.env['STORM_ENV']) : {}),
  },
});
try {
  await run(cluster);
} finally {
  await cluster.stop();
}

async function run({ authUrl, pushNodes, adminKey, processes }: Cluster): Promise<void> {
  const shop = new TokenShop(authUrl, adminKey);
  const users = Array.from({ length: clients }, (_, at) => `storm-${at}`);
  const tokens = await Promise.all(users.map((user) => shop.token(user)));
  const url = pushNodes[0]?.socketUrl ?? '';
  const arrivals = (after: number) =>
    users.map((user, at) => ({ url, user, token: tokens[at] ?? '', after }));
  const come = (after: number) => Promise.all(arrivals(after).map((one) => arriveAtLast(one)));
  let sockets: WebSocket[] = [];
  for (const slice of slices(arrivals(0))) sockets.push(...(await Promise.all(slice.map(arriveAtLast))));
  for (let round = 1; round <= rounds; round++) {
    for (const socket of sockets) socket.terminate();
    await post(users, adminKey);
    await new Promise((resolve) => setTimeout(resolve, 2_000)); // the node has seen them go
    const before = processes.map(({ pid }) => cpuS(pid));
    const beganAt = performance.now();
    sockets = await come(round * missed);
    const tookMs = Math.round(performance.now() - beganAt);
    const cost = processes.map(({ name, pid }, at) => {
      const spentUs = ((cpuS(pid) - (before[at] ?? 0)) * 1e6) / clients;
      return `${name} ${Math.round(spentUs)}`;
    });
    process.stdout.write(
      `round ${round}: ${clients} back in ${tookMs} ms; us of CPU each: ${cost.join(', ')}\n`,
    );
    process.stdout.write(`  refused: ${JSON.stringify(refused)}\n`);
    refused = {};
  }
  for (const socket of sockets) socket.terminate();
}

/** Tries again at once, which a client does not: whatever is refused shows in the time and in the table. */
async function arriveAtLast(arrival: Arrival): Promise<WebSocket> {
  for (;;) {
    try {
      return await arrive(arrival);
    } catch (error) {
      const reason = (error as Error).message;
      refused[reason] = (refused[reason] ?? 0) + 1;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function slices<T>(list: readonly T[]): T[][] {
  const count = Math.ceil(list.length / 100);
  return Array.from({ length: count }, (_, at) => list.slice(at * 100, (at + 1) * 100));
}

interface Arrival {
  readonly url: string;
  readonly user: string;
  readonly token: string;
  /** Resolves at this seq; 0: with the welcome. */
  readonly after: number;
}

/** A socket that has got everything up to `after`. @throws when it is closed before */
function arrive({ url, user, token, after }: Arrival): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, ['carillon.v1'], {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
    });
    const cursors = after === 0 ? {} : { user: after - missed };
    const hello = { type: 'hello', device: `d-${user}`, instance: `i-${user}`, cursors, topics: [] };
    const last = after === 0 ? '"type":"welcome"' : `"seq":${after},`;
    socket.on('open', () => socket.send(JSON.stringify(hello)));
    socket.on('message', (data: Buffer) => {
      if (data.includes(last)) resolve(socket);
    });
    socket.on('error', reject);
    socket.on('close', (code, reason) => reject(new Error(`closed with ${code} ${reason.toString()}`)));
  });
}

async function post(users: readonly string[], key: string): Promise<void> {
  for (let count = 0; count < missed; count++) {
    for (let at = 0; at < users.length; at += recipientsMax) {
      const response = await fetch(`${cluster.collectUrl}/v1/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          to: users.slice(at, at + recipientsMax).map((user) => `user:${user}`),
          event: 'storm',
          data: { count },
        }),
      });
      if (response.status !== 202)
        throw new Error(`Collect answered ${response.status}: ${await response.text()}`);
    }
  }
}

function cpuS(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerS;
}
