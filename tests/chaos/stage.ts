// A run of one row: the cluster it breaks, the fleet and the poster outside of it, a seed. Must leave the
// cluster as it found it.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '../../tools/cluster/app.ts';
import type { Cluster } from '../../tools/cluster/cluster.ts';
import { Cable } from '../fleet/cable.ts';
import type { Span } from '../fleet/checker.ts';
import type { FleetCommand, FleetStatus, TokenTtl } from '../fleet/fleet.ts';
import type { Ledger } from '../fleet/ledger.ts';
import { Outsider } from '../fleet/outsider.ts';
import type { PosterCommand, PosterStatus } from '../fleet/poster.ts';
import { seededRandom } from '../fleet/random.ts';
import { Scraper } from '../fleet/scraper.ts';
import type { CrashPoint } from './crash-points.ts';
import { Following } from './following.ts';

export interface StageOptions {
  readonly cluster: Cluster;
  /** Begins the name of every user, and is in every key. */
  readonly prefix: string;
  readonly seed: number;
  readonly sockets: number;
  readonly messages: number;
  readonly messagesPerSecond: number;
  /** How long it is posted. */
  readonly seconds: number;
  /** Of the messages, those that are posted in batches. */
  readonly batchShare: number;
  /** Of the messages, to `all` and topics. */
  readonly manyPerSecond: number;
  readonly tokenTtlS?: TokenTtl | undefined;
  readonly isQuick: boolean;
  readonly say: (text: string) => void;
  /** Somebody wants it to end before its time. */
  readonly interrupted?: AbortSignal | undefined;
  /** For the logs of fleet and poster. */
  readonly folder: string;
}

const openTimeoutMs = 60_000;
const quickSpread = 0.4;
const crashTimeoutMs = 30_000;

export class Stage {
  readonly options: StageOptions;
  readonly cluster: Cluster;
  readonly users: readonly string[];
  readonly logs: { readonly fleet: string; readonly poster: string };
  readonly fleet: Outsider<FleetCommand, FleetStatus>;
  readonly poster: Outsider<PosterCommand, PosterStatus>;
  readonly scraper: Scraper;
  readonly following: Following | undefined;
  /** When it was accepted, what is lost on purpose. */
  readonly lost: Span[] = [];
  readonly random: () => number;
  /** Moments and counts that a row's `run` keeps for its `judge`. */
  readonly notes: Record<string, number> = {};
  /** Where sockets go, when not straight to the nodes. */
  socketUrls: readonly string[];
  private readonly cables: Cable[] = [];

  constructor(options: StageOptions) {
    const { cluster, prefix, folder, sockets } = options;
    this.options = options;
    this.cluster = cluster;
    this.random = seededRandom(options.seed);
    this.users = Array.from({ length: sockets }, (_, at) => `${prefix}-${at}`);
    this.socketUrls = cluster.pushNodes.map((node) => node.socketUrl);
    this.logs = {
      fleet: join(folder, `${prefix}.fleet.ndjson`),
      poster: join(folder, `${prefix}.poster.ndjson`),
    };
    this.scraper = new Scraper(() =>
      cluster.pushNodes.map(({ name, internalUrl }) => ({ name, url: internalUrl })),
    );
    const env = { CARILLON_KEY: cluster.adminKey };
    this.fleet = new Outsider(new URL('../fleet/fleet.ts', import.meta.url), env);
    if (options.manyPerSecond > 0) this.following = new Following(prefix, this.users);
    this.poster = new Outsider(new URL('../fleet/poster.ts', import.meta.url), env);
  }

  /** Every device has its socket. */
  async openSockets(): Promise<void> {
    const { users, logs, options, cluster, following } = this;
    await following?.enrol(cluster.collectUrl, cluster.adminKey);
    this.fleet.tell({
      ...(following ? { topics: following.asked } : {}),
      ...(options.tokenTtlS ? { tokenTtlS: options.tokenTtlS } : {}),
      kind: 'start',
      pushUrls: this.socketUrls,
      authUrl: cluster.authUrl,
      users,
      logFile: logs.fleet,
      seed: options.seed,
    });
    await this.fleet.until(
      ({ open }) => open === users.length,
      openTimeoutMs,
      `${users.length} sockets open`,
    );
  }

  startPosting(): void {
    const { messages, messagesPerSecond, prefix, seed, manyPerSecond, seconds, batchShare } = this.options;
    const many = Math.round(manyPerSecond * seconds);
    const lists = Math.floor(messages / 40);
    const batchItems = 20;
    const batches = Math.floor((messages * batchShare) / batchItems);
    this.poster.tell({
      collectUrls: this.cluster.collectUrls,
      users: this.users,
      seed,
      keyPrefix: prefix,
      logFile: this.logs.poster,
      singles: messages - lists - batches * batchItems - many,
      ...(this.following ? { many: { logs: this.following.logs, count: many } } : {}),
      lists,
      listUsers: Math.min(5, this.users.length),
      batches,
      batchItems,
      messagesPerSecond,
    });
  }

  /** How much the fleet gets when every promise is kept: everybody follows before anything is posted. */
  promisedBy(ledger: Ledger): number {
    const counts = [...ledger.logsOfMany].map(
      (log) => ledger.toLog(log).length * (this.following?.followersOf(log) ?? 0),
    );
    return counts.reduce((sum, count) => sum + count, ledger.slots);
  }

  isLost(acceptedAt: number): boolean {
    return this.lost.some(({ from, to }) => acceptedAt >= from && acceptedAt <= to);
  }

  app(name: string): App {
    const found = this.cluster.processes.find((each) => each.name === name);
    if (!found) throw new Error(`there is no ${name}`);
    return found;
  }

  /** Waits for a moment of the seed's choosing, an earlier one in a quick run. */
  async moment(minMs: number, maxMs: number): Promise<void> {
    const spreadMs = (maxMs - minMs) * (this.options.isQuick ? quickSpread : 1);
    await sleep(minMs + this.random() * spreadMs);
  }

  /** The whole time, or the little that a quick run has. */
  async wait(ms: number, quickMs = ms): Promise<void> {
    await sleep(this.options.isQuick ? quickMs : ms);
  }

  /** Adds to a count that `judge` asks for. */
  count(name: string, more = 1): void {
    this.notes[name] = (this.notes[name] ?? 0) + more;
  }

  /** What was counted or noted; NaN, which no bound holds for, when nothing was. */
  noted(name: string): number {
    return this.notes[name] ?? Number.NaN;
  }

  /** Remembers the time under this name. */
  mark(name: string): number {
    this.notes[name] = Date.now();
    return this.notes[name];
  }

  at(name: string): number {
    return this.notes[name] ?? Number.NaN;
  }

  /** Starts it with a crash point, which does nothing until it is armed. */
  async plant(name: string, point: CrashPoint): Promise<void> {
    const app = this.app(name);
    const main = join(import.meta.dirname, 'mains', `${name.replace(/-\d+$/, '')}.ts`);
    await app.restart({ main, env: { CHAOS_CRASH_POINT: point } });
  }

  /** Arms the crash point and waits until it was met. @throws Error when it is not met in time */
  async crash(name: string): Promise<void> {
    const app = this.app(name);
    const { ended } = app;
    await app.kill('SIGUSR2');
    const late = new AbortController();
    const isLate = sleep(crashTimeoutMs, true, { signal: late.signal }).catch(() => true);
    const isMissed = await Promise.race([ended.then(() => false), isLate]);
    late.abort();
    if (isMissed) throw new Error(`${name} has not met its crash point`);
    this.count('crashes');
  }

  /** Closed at the end of the run. */
  async cable(port: number): Promise<Cable> {
    const cable = await Cable.to(port);
    this.cables.push(cable);
    return cable;
  }

  /** Sockets open on a node, as it says itself; NaN when it says nothing. */
  async connectionsOf(name: string): Promise<number> {
    return this.metricOf(name, 'carillon_connections');
  }

  /** The sum over all labels; NaN when the process says nothing. */
  async metricOf(name: string, metric: string): Promise<number> {
    try {
      const url = `${this.app(name).internalUrl}/metrics`;
      const text = await (await fetch(url, { signal: AbortSignal.timeout(2_000) })).text();
      const lines = text
        .split('\n')
        .filter((line) => line.startsWith(metric) && !/^\w/.test(line.slice(metric.length)));
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    } catch {
      return Number.NaN;
    }
  }

  async end(): Promise<void> {
    this.fleet.kill();
    this.poster.kill();
    await Promise.all(this.cables.map((cable) => cable.close()));
  }
}

/** Everything runs as it was meant to, and is ready. */
export async function heal({ processes, services }: Cluster): Promise<void> {
  const servers = [...services.mongo.members, services.redis, services.nats];
  for (const server of servers) server.resume();
  await Promise.all(servers.filter(({ pid }) => pid === 0).map((server) => server.restart()));
  await services.mongo.primary();
  for (const app of processes) await app.kill('SIGCONT');
  const hurt = processes.filter((app) => app.pid === 0 || app.isAltered);
  await Promise.all(hurt.map((app) => app.restart()));
}
