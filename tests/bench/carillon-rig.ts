// Carillon as the bench measures it: a cluster of real processes on real servers, pinned, with a load
// client of its own. Must leave nothing running, whatever ends a scenario.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, startCluster } from '../../tools/cluster/cluster.ts';
import type { Sample } from './contest.ts';
import { LoadClient, type LoadStatus, type PostOrder, type SocketOrder } from './load-client.ts';
import { pin } from './pins.ts';
import { CpuMeter, type Processes, residentMiB } from './process-figures.ts';
import type { Bench } from './scenario.ts';

const openTimeoutMs = 180_000;
const openAtOnce = 128;
const runTimeoutMs = 300_000;
/** What is shown beside the chain. */
export const storeName = 'mongod';

/** For rounds that hold acknowledgements back: a busy machine may take longer than a client may. */
export const patientEnv = { DELIVERY_ACK_TIMEOUT_MS: '600000' } as const;

/** As somebody would give it who has it do this work: 4 GiB, and as large an oplog as mongod makes itself. */
const room = { cacheGiB: 4, oplogMiB: 990 };

export interface RigOptions {
  readonly pushNodes?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Processes of the load client. */
  readonly clients?: number;
}

export class CarillonRig {
  readonly cluster: Cluster;
  readonly load: LoadClient;
  readonly bench: Bench;

  static async start(
    bench: Bench,
    { pushNodes = 1, env = {}, clients = 1 }: RigOptions = {},
  ): Promise<CarillonRig> {
    const cluster = await startCluster({
      pushNodes,
      members: 1,
      room,
      env: {
        LOG_LEVEL: 'error',
        AUTH_TOKEN_TTL_MS: '900000',
        PUSH_ADMISSION_PER_SECOND: '100000',
        PUSH_ADMISSION_BURST: '100000',
        PUSH_CONNECTIONS_MAX: '200000',
        PUSH_SOCKETS_PER_ADDRESS_MAX: '200000',
        ...env,
      },
    });
    const rig = bench.resources.add(new CarillonRig(bench, cluster, clients));
    rig.pin();
    return rig;
  }

  private constructor(bench: Bench, cluster: Cluster, clients: number) {
    this.bench = bench;
    this.cluster = cluster;
    this.load = new LoadClient(bench.program, bench.pins, clients);
  }

  /** Everything is on its core; to be called again after a process was restarted. */
  pin(): void {
    const { pins } = this.bench;
    for (const [name, pids] of this.processes()) pin(pins, name === storeName ? 'store' : 'server', pids);
  }

  /** Several of a kind are added up. */
  processes(): Processes {
    const { processes, services } = this.cluster;
    const found = new Map<string, number[]>();
    const add = (name: string, pid: number) => found.set(name, [...(found.get(name) ?? []), pid]);
    for (const { name, pid } of processes) add(name.replace(/-\d+$/, ''), pid);
    add('nats', services.nats.pid);
    add('redis', services.redis.pid);
    for (const { pid } of services.mongo.members) add(storeName, pid);
    return found;
  }

  /** Opens sockets, spread over the nodes. */
  async open(order: Omit<SocketOrder, 'url' | 'mode' | 'authUrl' | 'key'>): Promise<void> {
    const { pushNodes, authUrl, adminKey } = this.cluster;
    const share = Math.ceil(order.count / pushNodes.length);
    const before = (await this.load.until(() => true, openTimeoutMs, 'a status')).open;
    for (const [at, node] of pushNodes.entries()) {
      const sockets: SocketOrder = {
        atOnce: openAtOnce,
        // Opening is not what is measured here, and a busy machine may need more than one go.
        retry: true,
        ...order,
        url: node.socketUrl,
        mode: 'carillon',
        authUrl,
        key: adminKey,
        first: (order.first ?? 0) + at * share,
        count: Math.min(share, order.count - at * share),
        users: order.users ?? (order.first ?? 0) + order.count,
      };
      this.load.sockets(sockets, at);
    }
    const goal = before + order.count;
    await this.load.until(({ open }) => open === goal, openTimeoutMs, `${order.count} sockets open`);
  }

  /** Closes all sockets once their acknowledgements are written; others may be opened in their place. */
  async close(): Promise<void> {
    await this.settle();
    this.load.drop();
    await this.load.until(({ open }) => open === 0, openTimeoutMs, 'all sockets closed');
  }

  /** Posts and waits until all has arrived: each message so many times. */
  async round(order: Omit<PostOrder, 'url' | 'key'>, times = 1): Promise<Sample> {
    return measured({
      load: this.load,
      processes: this.processes(),
      deliveries: order.messages * times,
      begin: () => this.post(order),
    });
  }

  post(order: Omit<PostOrder, 'url' | 'key'>): void {
    this.load.posts({ ...order, url: this.cluster.collectUrl, key: this.cluster.adminKey });
  }

  /** Until the last acknowledgements are written. */
  async settle(): Promise<void> {
    await sleep(600);
  }

  async stop(): Promise<void> {
    this.load.end();
    await this.cluster.stop();
  }
}

export interface Measured {
  readonly load: LoadClient;
  readonly processes: Processes;
  readonly deliveries: number;
  readonly begin: () => unknown;
  /** Done when it fits; when all deliveries have arrived unless given. */
  readonly isDone?: (status: LoadStatus) => boolean;
  /** Which moment ends a message: its arrival, unless given. */
  readonly until?: 'answer' | 'open';
  /** The messages were posted long before: how long they took says nothing. */
  readonly isBacklog?: true;
}

/** One round: from `begin` until everything has arrived, and what it cost. */
export async function measured({
  load,
  processes,
  deliveries,
  begin,
  isDone,
  until,
  isBacklog,
}: Measured): Promise<Sample> {
  load.reset();
  await load.until(() => true, runTimeoutMs, 'counts from zero');
  const meter = new CpuMeter(processes);
  const client = load.micros;
  const beganUs = Date.now() * 1_000;
  await begin();
  const isFull = isDone ?? (({ received, posting }: LoadStatus) => received >= deliveries && posting === 0);
  const fits = (status: LoadStatus) => {
    if (status.otherAnswers > 0) throw new Error(`not all was accepted: ${status.lastError}`);
    return isFull(status);
  };
  const after = await load.until(fits, runTimeoutMs, `${deliveries} delivered`);
  const micros = new Map([...meter.used()].map(([name, used]) => [name, used / deliveries]));
  const seconds = (endUs(after, until) - (after.firstPostUs || beganUs)) / 1e6;
  const { p50Ms, p99Ms } = until === 'answer' ? after.answer : after.delivery;
  return {
    micros,
    clientMicros: (load.micros - client) / deliveries,
    perSecond: deliveries / seconds,
    ...(until === 'open' || isBacklog ? {} : { p50Ms, p99Ms }),
    mib: residentMiB(processes),
    extra: { retries: after.retries },
  };
}

function endUs(after: LoadStatus, until: Measured['until']): number {
  if (until === 'answer') return after.lastAnswerUs;
  return until === 'open' ? after.lastOpenUs : after.lastReceivedUs;
}

/** Rounds together, as if they were one. */
export function together(samples: readonly Sample[]): Sample {
  const [first] = samples;
  if (!first) throw new RangeError('of no rounds there is no sum');
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  return {
    micros: new Map(
      [...first.micros.keys()].map((name) => [name, mean(({ micros }) => micros.get(name) ?? 0)]),
    ),
    clientMicros: mean(({ clientMicros }) => clientMicros),
    perSecond: 1 / mean(({ perSecond }) => 1 / perSecond),
    p50Ms: mean(({ p50Ms = Number.NaN }) => p50Ms),
    p99Ms: Math.max(...samples.map(({ p99Ms = Number.NaN }) => p99Ms)),
    mib: samples.at(-1)?.mib ?? first.mib,
  };
}
