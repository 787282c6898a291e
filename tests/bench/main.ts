// What a delivered message costs, side by side with a bare `ws` loop in the same run. `npm run bench --
// --rounds 5`. Loopback, one machine, all servers real; figures are CPU of the server processes. Never part
// of the tests.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { type Cluster, startCluster } from '../../tools/cluster/cluster.ts';
import { TokenShop } from '../fleet/token-shop.ts';
import { CpuMeter } from './cpu.ts';
import { buildLoadClient, LoadClient, type LoadStatus, type PostOrder } from './load-client.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    sockets: { type: 'string', default: '5000' },
    messages: { type: 'string', default: '100000' },
    env: { type: 'string', default: '{}' },
  },
});
const [rounds, sockets, messages] = [values.rounds, values.sockets, values.messages].map(Number) as [
  number,
  number,
  number,
];
const singles = Math.round(messages / 4);
const openTimeoutMs = 120_000;
const runTimeoutMs = 300_000;
/** The chain is all that is ours, and the two servers between; the store is shown beside it. */
const chain = ['auth', 'collect', 'dispatch', 'push', 'nats', 'redis'];

interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU microseconds per delivered message and process. */
  readonly micros: ReadonlyMap<string, number>;
}

const program = buildLoadClient();
const say = (text: string) => console.log(`${new Date().toISOString().slice(11, 19)}  ${text}`);
say(`${sockets} sockets, ${messages} messages in batches of 100, ${singles} single`);
say(cpus()[0]?.model ?? 'unknown CPU');

const cluster = await startCluster({
  pushNodes: 1,
  members: 1,
  env: {
    PUSH_ADMISSION_PER_SECOND: '100000',
    PUSH_ADMISSION_BURST: '100000',
    ...(JSON.parse(values.env) as Record<string, string>),
  },
});
const load = new LoadClient(program);
try {
  await openAll(cluster, load);
  const runs: Record<string, Figures[]> = { raw: [], batch: [], single: [] };
  for (let round = 1; round <= rounds; round++) {
    runs['raw']?.push(await rawRound());
    runs['batch']?.push(await chainRound(cluster, load, { messages, batch: 100, workers: 4 }));
    runs['single']?.push(await chainRound(cluster, load, { messages: singles, batch: 1, workers: 64 }));
    say(
      `round ${round} of ${rounds}: ${Object.values(runs)
        .map((all) => line(all.at(-1)))
        .join(' | ')}`,
    );
  }
  console.log(report(runs));
} finally {
  load.end();
  await cluster.stop();
}

async function openAll(on: Cluster, client: LoadClient): Promise<void> {
  const shop = new TokenShop(on.authUrl, on.adminKey);
  const tokens = await Promise.all(Array.from({ length: sockets }, (_, at) => shop.token(`u${at}`)));
  const url = on.pushNodes[0]?.socketUrl ?? '';
  client.sockets({ url, tokens, sockets, raw: false, ackEvery: 16, ackMs: 100 });
  await client.until((status) => status.open === sockets, openTimeoutMs, `${sockets} sockets open`);
  say(`${sockets} sockets open`);
}

async function chainRound(
  on: Cluster,
  client: LoadClient,
  order: Pick<PostOrder, 'messages' | 'batch' | 'workers'>,
): Promise<Figures> {
  const before = await client.until(() => true, openTimeoutMs, 'a status');
  const meter = new CpuMeter(pidsOf(on));
  const began = performance.now();
  client.posts({ url: on.collectUrl, key: on.adminKey, users: sockets, perSecond: 0, ...order });
  const goal = before.received + order.messages;
  const after = await client.until(
    (status) => status.received >= goal,
    runTimeoutMs,
    `${order.messages} delivered`,
  );
  return figures(meter, order.messages, { seconds: (performance.now() - began) / 1000, after });
}

async function rawRound(): Promise<Figures> {
  const server = fork(new URL('raw-server.ts', import.meta.url), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const client = new LoadClient(program);
  try {
    const [{ port }] = (await once(server, 'message')) as [{ port: number }];
    const url = `ws://127.0.0.1:${port}/`;
    client.sockets({ url, tokens: [], sockets, raw: true, ackEvery: 0, ackMs: 0 });
    await client.until((status) => status.open === sockets, openTimeoutMs, 'raw sockets open');
    const meter = new CpuMeter(new Map([['raw', [server.pid ?? 0]]]));
    const began = performance.now();
    server.send({ messages });
    const after = await client.until(
      (status) => status.received >= messages,
      runTimeoutMs,
      'raw messages received',
    );
    return figures(meter, messages, { seconds: (performance.now() - began) / 1000, after });
  } finally {
    client.end();
    server.kill('SIGKILL');
  }
}

function figures(meter: CpuMeter, count: number, { seconds, after }: Ended): Figures {
  const micros = new Map([...meter.used()].map(([name, used]) => [name, used / count]));
  const { p50Ms, p99Ms } = after;
  return { perSecond: count / seconds, p50Ms, p99Ms, micros };
}

/** How a round ended. */
interface Ended {
  readonly seconds: number;
  readonly after: LoadStatus;
}

function pidsOf({ processes, services }: Cluster): Map<string, number[]> {
  const pids = new Map(processes.map(({ name, pid }) => [name.replace(/-\d+$/, ''), [pid]]));
  pids.set('nats', [services.nats.pid]);
  pids.set('redis', [services.redis.pid]);
  pids.set(
    'mongod',
    services.mongo.members.map(({ pid }) => pid),
  );
  return pids;
}

function costOf({ micros }: Figures): number {
  if (micros.has('raw')) return micros.get('raw') ?? 0;
  return chain.reduce((sum, name) => sum + (micros.get(name) ?? 0), 0);
}

function line(run: Figures | undefined): string {
  return run ? `${costOf(run).toFixed(1)} µs at ${Math.round(run.perSecond)}/s` : '';
}

function report(runs: Readonly<Record<string, readonly Figures[]>>): string {
  const floor = median((runs['raw'] ?? []).map(costOf));
  const rows = Object.entries(runs).map(([name, all]) => {
    const cost = median(all.map(costOf));
    const best = Math.min(...all.map(costOf));
    const parts = [...(all[0]?.micros.keys() ?? [])].map(
      (process) => `${process} ${median(all.map((run) => run.micros.get(process) ?? 0)).toFixed(1)}`,
    );
    const rate = Math.round(median(all.map((run) => run.perSecond)));
    const ratio = (cost / floor).toFixed(2);
    const figure = cost.toFixed(1).padStart(6);
    const head = `${name.padEnd(7)} ${figure} µs  (best ${best.toFixed(1)})  × raw ${ratio}`;
    return [head, `${rate}/s`, ...parts].join('  ');
  });
  return ['', 'CPU per delivered message, median of the rounds; chain without mongod:', ...rows].join('\n');
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
