// What of the security table differs with four processes and real servers: tenant isolation in MongoDB, Redis
// and NATS, the logs of every process, and what a refused token costs the servers behind.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SystemClock, SystemRandom } from '@carillon/platform';
import { MongoStore } from '@carillon/store-mongo';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../tools/cluster/cluster.ts';
import { Peer } from '../conformance/peer.ts';
import { Stage } from '../conformance/stage.ts';
import { pageOrigin, shortTimes } from '../conformance/suite.ts';
import { buildApps, buildTimeoutMs } from '../setup/built.ts';
import { canary, releaseCanaries } from './canaries.ts';
import { isolation, type Subject } from './isolation.ts';
import { seedKeys } from './victim.ts';

const log: string[] = [];
let cluster: Cluster;
let subject: Subject;
beforeAll(async () => {
  await buildApps();
  const onLine = (name: string, line: string) => void log.push(`${name} ${line}`);
  const env = { LOG_LEVEL: 'trace', AUTH_ORIGINS: pageOrigin };
  cluster = await startCluster({ pushNodes: 1, members: 1, env, onLine });
  const ports = { clock: new SystemClock(), random: new SystemRandom() };
  const store = await MongoStore.open({ url: cluster.services.mongo.url, database: 'carillon', ...ports });
  const keys = await seedKeys(store.keyRing);
  await store.close();
  const stage = new Stage({
    name: 'the four apps',
    socketUrl: cluster.pushNodes[0]?.socketUrl ?? '',
    collectUrl: cluster.collectUrl,
    authUrl: cluster.authUrl,
    key: keys.own,
    origin: pageOrigin,
    ...shortTimes,
  });
  subject = { keys, stage };
}, buildTimeoutMs);
afterAll(() => cluster?.stop(), 60_000);

isolation(() => subject);

describe('a refused token', () => {
  it('costs the store and the route table nothing, unlike one that is accepted', {
    timeout: 30_000,
  }, async () => {
    const refused = await costOf(300, async () => {
      const peer = await Peer.connect(subject.stage, { token: 'a.b.c' });
      expect(await peer.closeCode()).toBe(4001);
    });
    const accepted = await costOf(100, async () => {
      const peer = await Peer.open(subject.stage, { hello: { device: 'd1' } });
      await peer.end();
    });
    console.log(
      `calls behind: 300 refused ${JSON.stringify(refused)}, 100 accepted ${JSON.stringify(accepted)}`,
    );
    // What the processes ask for by themselves in this time: leases, heartbeats, policies.
    expect(refused.store).toBeLessThan(150);
    expect(refused.routes).toBeLessThan(150);
    expect(accepted.store).toBeGreaterThan(200);
    expect(accepted.routes).toBeGreaterThan(100);
  });
});

describe('the logs of all processes', () => {
  it('hold no canary, key or token, and tell of the requests', { timeout: 30_000 }, async () => {
    await releaseCanaries(subject.stage, subject.keys);
    await sleep(300);
    for (const name of ['auth', 'collect', 'push-1'])
      expect(log.some((line) => line.startsWith(name))).toBe(true);
    expect(log.filter((line) => line.includes(canary))).toEqual([]);
    const secrets = [cluster.adminKey, ...Object.values(subject.keys)].map(
      (key) => key.split('_').at(-1) ?? '',
    );
    expect(log.filter((line) => secrets.some((secret) => line.includes(secret)))).toEqual([]);
    expect(log.filter((line) => /eyJ[\w-]{10,}\.[\w-]+\./.test(line))).toEqual([]);
  });

  it('are as silent in the metrics of every process', async () => {
    for (const { name, internalUrl } of cluster.processes) {
      const metrics = await (await fetch(`${internalUrl}/metrics`)).text();
      expect(metrics, name).toContain('process_cpu');
      expect(metrics, name).not.toContain(canary);
    }
  });
});

interface Cost {
  readonly store: number;
  readonly routes: number;
}

/** Operations of MongoDB and commands of Redis while it is done so often. */
async function costOf(times: number, action: () => Promise<void>): Promise<Cost> {
  const before = [await storeCalls(), await routeCalls()] as const;
  for (let at = 0; at < times; at += 25) await Promise.all(Array.from({ length: 25 }, action));
  return { store: (await storeCalls()) - before[0], routes: (await routeCalls()) - before[1] };
}

async function storeCalls(): Promise<number> {
  const client = await MongoClient.connect(cluster.services.mongo.url);
  try {
    const { opcounters } = await client.db('admin').command({ serverStatus: 1 });
    const { insert, query, update, delete: removals, getmore } = opcounters as Record<string, number>;
    const { aggregate } = (await client.db('admin').command({ serverStatus: 1 })).metrics.commands as Record<
      string,
      { total: number }
    >;
    return [insert, query, update, removals, getmore, aggregate?.total].reduce<number>(
      (sum, one) => sum + Number(one ?? 0),
      0,
    );
  } finally {
    await client.close();
  }
}

function routeCalls(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(cluster.services.redis.port, '127.0.0.1', () => socket.write('INFO stats\r\n'));
    let text = '';
    socket.on('error', reject);
    socket.on('data', (data) => {
      text += data;
      const total = /total_commands_processed:(\d+)/.exec(text)?.[1];
      if (total === undefined) return;
      socket.destroy();
      resolve(Number(total));
    });
  });
}
