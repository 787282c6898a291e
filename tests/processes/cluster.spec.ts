// Proves that the real processes over real servers carry messages,
// survive kills, and leave nothing behind.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Cluster, startCluster } from '../../tools/cluster/cluster.ts';
import { Command } from '../house/command.ts';
import { descendants, foldersOf, survivors } from '../house/processes.ts';
import { buildApps, buildTimeoutMs } from '../setup/built.ts';

/** Past the 250 ms at which a node says that it is busy, and short of the 500 ms in which it must answer. */
const stoppedMs = 400;
const runningMs = 60;
const log: string[] = [];
let cluster: Cluster;

beforeAll(async () => {
  await buildApps();
  const onLine = (name: string, line: string) => void log.push(`${name} ${line}`);
  cluster = await startCluster({ pushNodes: 2, members: 1, env: { LOG_LEVEL: 'trace' }, onLine });
}, buildTimeoutMs);
afterAll(() => cluster?.stop(), 60_000);

interface Frame {
  readonly type: string;
  readonly log?: string;
  readonly seq?: number;
  readonly id?: string;
  readonly [field: string]: unknown;
}

/** A client that keeps what it is sent and acks each message. */
class Client {
  readonly frames: Frame[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  #waiting: (() => void)[] = [];

  constructor({ socketUrl }: { socketUrl: string }, token: string, cursors: Record<string, number> = {}) {
    this.socket = new WebSocket(socketUrl, ['carillon.v1', `bearer.${token}`]);
    this.socket.on('open', () => {
      this.#send({ type: 'hello', device: 'd1', instance: 'i1', cursors, topics: [] });
    });
    this.socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Frame;
      this.frames.push(frame);
      if (frame.type === 'message') this.#send({ type: 'ack', log: frame.log, seq: frame.seq });
      if (frame.type === 'ping') this.#send({ type: 'pong' });
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.closed = once(this.socket, 'close').then(([code]) => code as number);
  }

  async got(isIt: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const found = this.frames.find(isIt);
      if (found) return found;
      const next = new Promise<void>((resolve) => this.#waiting.push(resolve));
      const end = this.closed.then((code) => {
        throw new Error(`closed ${code} after ${JSON.stringify(this.frames)}`);
      });
      await Promise.race([next, end]);
    }
  }

  #send(frame: object): void {
    this.socket.send(JSON.stringify(frame));
  }
}

function post(url: string, body: object): Promise<Response> {
  const headers = { authorization: `Bearer ${cluster.adminKey}`, 'content-type': 'application/json' };
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function call<T>(url: string, body: object): Promise<T> {
  const answer = await post(url, body);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${text}`);
  return JSON.parse(text) as T;
}

const tokenOf = async (user: string) =>
  (await call<{ token: string }>(`${cluster.authUrl}/v1/tokens`, { user })).token;
const send = async (user: string, text: string) => {
  const body = { to: `user:${user}`, event: 'told', data: { text } };
  return (await call<{ id: string }>(`${cluster.collectUrl}/v1/messages`, body)).id;
};
const appNamed = (name: string) => {
  const app = cluster.processes.find((process) => process.name === name);
  if (!app) throw new Error(`no ${name}`);
  return app;
};

/** Until told: every turn of the nodes' event loops comes later than they bear, and their leases live on. */
async function makeLate(until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    for (const node of cluster.pushNodes) await node.kill('SIGSTOP');
    await sleep(stoppedMs);
    for (const node of cluster.pushNodes) await node.kill('SIGCONT');
    await sleep(runningMs);
  }
}

describe('the cluster', () => {
  it('carries a message from Collect to sockets on both nodes, live', async () => {
    const token = await tokenOf('ann');
    const clients = cluster.pushNodes.map((node) => new Client(node, token));
    for (const client of clients) await client.got(({ type }) => type === 'welcome');
    const id = await send('ann', 'canary-live');
    for (const client of clients) {
      const frame = await client.got((given) => given.id === id);
      expect(frame).toMatchObject({ type: 'message', log: 'user', seq: 1, data: { text: 'canary-live' } });
      expect(frame.replay).toBeUndefined();
      client.socket.close();
    }
  });

  it('delivers what was sent while the only node was dead, on another node', async () => {
    const token = await tokenOf('bob');
    const first = new Client(appNamed('push-1'), token);
    await first.got(({ type }) => type === 'welcome');
    const before = await send('bob', 'one');
    await first.got(({ id }) => id === before);
    await appNamed('push-1').kill('SIGKILL');
    expect(await first.closed).toBe(1006);
    const meanwhile = await send('bob', 'two');
    const second = new Client(appNamed('push-2'), token, { user: 1 });
    expect(await second.got(({ id }) => id === meanwhile)).toMatchObject({ seq: 2 });
    expect(second.frames.some(({ id }) => id === before)).toBe(false);
    second.socket.close();
    await appNamed('push-1').restart();
    const third = new Client(appNamed('push-1'), token, { user: 2 });
    await third.got(({ type }) => type === 'welcome');
    third.socket.close();
  });

  it('refuses messages while no node keeps up, loses none that it took, and takes them again', async () => {
    const client = new Client(appNamed('push-1'), await tokenOf('eve'));
    await client.got(({ type }) => type === 'welcome');
    const taken: string[] = [];
    const tellEve = async () => {
      const answer = await post(`${cluster.collectUrl}/v1/messages`, { to: 'user:eve', event: 'told' });
      const body = (await answer.json()) as { id: string; code: string; detail: string };
      if (answer.status === 202) taken.push(body.id);
      const retryAfter = Number(answer.headers.get('retry-after'));
      return { ...body, status: answer.status, retryAfter };
    };
    const stutter = new AbortController();
    const stuttering = makeLate(stutter.signal);
    let refused = await tellEve();
    try {
      const again = async () => {
        refused = await tellEve();
        return refused.status;
      };
      await expect.poll(again, { timeout: 20_000, interval: 50 }).not.toBe(202);
    } finally {
      stutter.abort();
      await stuttering;
    }
    expect(refused).toMatchObject({ status: 503, code: 'overloaded' });
    expect(refused.detail).toContain('faster than they can be delivered. Nothing was stored');
    expect(refused.retryAfter).toBeGreaterThanOrEqual(1);
    await expect.poll(async () => (await tellEve()).status, { timeout: 10_000, interval: 100 }).toBe(202);
    await client.got(({ id }) => id === taken.at(-1));
    expect(client.frames.filter(({ type }) => type === 'message').map(({ id }) => id)).toEqual(taken);
    client.socket.close();
  }, 60_000);

  it('closes sockets with 4200 when their node is told to end, and the node ends with 0', async () => {
    const client = new Client(appNamed('push-2'), await tokenOf('cid'));
    await client.got(({ type }) => type === 'welcome');
    const node = appNamed('push-2');
    const { ended } = node;
    await node.kill('SIGTERM');
    expect(await client.closed).toBe(4200);
    expect(await ended).toBe(0);
    await node.restart();
  });

  it('ends all with 0, leaves no process and no folder, and no token or payload in any log', async () => {
    const pids = [...descendants(process.pid)].filter((pid) => isOurs(pid));
    const endings = cluster.processes.map(({ ended }) => ended);
    await cluster.stop();
    expect(await Promise.all(endings)).toEqual(endings.map(() => 0));
    expect(await survivors(pids)).toEqual([]);
    expect(foldersOf(pids)).toEqual([]);
    const text = log.join('\n');
    expect(text).toContain('"route":"/v1/messages"');
    expect(text).not.toContain('canary');
    expect(text).not.toContain(cluster.adminKey);
    expect(text).not.toMatch(/eyJ[\w-]+\.eyJ/);
  }, 60_000);
});

describe('npm run cluster', () => {
  it('says where everything is, and ends everything on Ctrl-C', async () => {
    const command = new Command(['tools/cluster.ts']);
    try {
      const [text = ''] = await command.said(/The cluster is ready[\s\S]*Ctrl-C stops everything/);
      const [, keyLine = '', keyFile = ''] = /^ {2}(export CARILLON_KEY=\$\(cat (\S+)\))$/m.exec(text) ?? [];
      const curl = /^ {2}(curl -i (?:.*\\\n)*.*)$/m.exec(text)?.[1] ?? '';
      const pasted = `${keyLine}\n${curl}`;
      const sent = execFileSync('sh', ['-c', pasted], { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
      expect(sent).toMatch(/^HTTP\/1\.1 202 /);
      expect(statSync(keyFile).mode & 0o777).toBe(0o600);
      const key = readFileSync(keyFile, 'utf8').trim();
      const pids = descendants(command.pid);
      expect(pids.length).toBeGreaterThanOrEqual(8);
      command.child.kill('SIGINT');
      const { code, output } = await command.ended;
      expect(code).toBe(0);
      expect(output).not.toContain(key);
      expect(existsSync(keyFile)).toBe(false);
      expect(await survivors(pids)).toEqual([]);
    } finally {
      command.child.kill('SIGKILL');
    }
  }, 60_000);

  it('takes everything with it when it is killed outright', async () => {
    const command = new Command(['tools/cluster.ts']);
    await command.said(/The cluster is ready/);
    const pids = descendants(command.pid);
    command.child.kill('SIGKILL');
    await command.ended;
    expect(await survivors(pids)).toEqual([]);
  }, 60_000);
});

/** The processes of this cluster, not the servers of the whole run. */
function isOurs(pid: number): boolean {
  const { mongo, redis, nats } = cluster.services;
  const servers = [...mongo.members, redis, nats];
  return [...cluster.processes, ...servers].some((process) => process.pid === pid);
}
