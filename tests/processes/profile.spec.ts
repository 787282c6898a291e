// `npm run profile` on a real node: what it writes can be opened and names our files, and the node goes on as
// if nothing had been. What cannot be profiled is told so, and is not harmed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../tools/services/port.ts';
import { Command, root, run } from '../house/command.ts';
import { buildApps, buildTimeoutMs, mainOf } from '../setup/built.ts';

const timeout = 60_000;
const canary = 'canary-of-a-payload';
const runner = join(root, 'tools/run.mjs');
const noUrls = { MONGO_URL: '', REDIS_URL: '', NATS_URL: '' };

let folder: string;
let node: Command;
let url: string;
let internalUrl: string;
let key: string;
let inspectorPort: number;

beforeAll(async () => {
  await buildApps();
  folder = mkdtempSync(join(tmpdir(), 'carillon-profile-'));
  const [port, internalPort] = [await freePort(), await freePort()];
  inspectorPort = await freePort();
  node = new Command([`--inspect-port=${inspectorPort}`, ...mainOf('standalone')], {
    cwd: folder,
    env: { ...noUrls, CARILLON_HTTP_PORT: String(port), CARILLON_INTERNAL_PORT: String(internalPort) },
    outlivesTest: true,
  });
  await node.said(/Ctrl-C stops everything/);
  url = `http://127.0.0.1:${port}`;
  internalUrl = `http://127.0.0.1:${internalPort}`;
  key = readFileSync(join(folder, 'data/admin-key'), 'utf8').trim();
}, buildTimeoutMs);

afterAll(async () => {
  node.child.kill('SIGKILL');
  await node.ended;
  rmSync(folder, { recursive: true });
});

const profile = (...args: readonly string[]) =>
  run([runner, 'profile', '--', ...args], { env: { INIT_CWD: folder } });

async function post(): Promise<number> {
  const answer = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ to: 'user:42', event: 'hello', data: { canary } }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** Posts until the work is done; every answer's status. */
async function postDuring<R>(work: Promise<R>): Promise<{ result: R; statuses: Set<number> }> {
  let isOver = false;
  const result = work.finally(() => {
    isOver = true;
  });
  const statuses = new Set<number>();
  while (!isOver) statuses.add(await post());
  return { result: await result, statuses };
}

async function isInspectorOpen(): Promise<boolean> {
  return fetch(`http://127.0.0.1:${inspectorPort}/json/list`).then(
    () => true,
    () => false,
  );
}

describe('a running node', () => {
  it('gives a CPU profile with our files in it while it serves', { timeout }, async () => {
    const profiling = profile('--pid', String(node.pid), '--cpu', '2s', '--out', 'one.cpuprofile');
    const { result, statuses } = await postDuring(profiling);
    expect(result.code, result.output).toBe(0);
    expect(result.output).toContain('Recording: 2 of 2 s');
    expect(result.output).toContain(join(folder, 'one.cpuprofile'));
    expect([...statuses]).toEqual([202]);
    const recorded = JSON.parse(readFileSync(join(folder, 'one.cpuprofile'), 'utf8')) as {
      readonly nodes: readonly { readonly callFrame: { readonly url: string } }[];
      readonly samples: readonly number[];
    };
    const files = recorded.nodes.map(({ callFrame }) => callFrame.url);
    expect(files.filter((file) => file.includes('/libs/services/collect/'))).not.toEqual([]);
    expect(recorded.samples.length).toBeGreaterThan(100);
    expect(await isInspectorOpen()).toBe(false);
  });

  it('gives a heap snapshot for this user’s eyes alone, and prints nothing of it', { timeout }, async () => {
    expect(await post()).toBe(202);
    const { code, output } = await profile('--pid', String(node.pid), '--heap', '--out', 'one.heapsnapshot');
    expect(code, output).toBe(0);
    expect(output).toContain('Recording: 100 of 100 %');
    expect(output).not.toContain(canary);
    const file = join(folder, 'one.heapsnapshot');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { snapshot, nodes, strings } = JSON.parse(readFileSync(file, 'utf8')) as {
      readonly snapshot: {
        readonly node_count: number;
        readonly meta: { readonly node_fields: readonly string[] };
      };
      readonly nodes: readonly number[];
      readonly strings: readonly string[];
    };
    expect(nodes).toHaveLength(snapshot.node_count * snapshot.meta.node_fields.length);
    expect(strings.filter((text) => text.endsWith('/apps/standalone/dist/main.js'))).not.toEqual([]);
    expect(await isInspectorOpen()).toBe(false);
    expect((await fetch(`${internalUrl}/readyz`)).status).toBe(200);
  });

  it('says by itself how long its event loop was held up', async () => {
    const exposed = await (await fetch(`${internalUrl}/metrics`)).text();
    const lag = /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(exposed)?.[1];
    expect(Number(lag)).toBeGreaterThan(0);
    expect(exposed).toMatch(/^nodejs_eventloop_lag_p99_seconds \S+$/m);
  });

  it('is left as it was, and no half file with it, when the recording is stopped', { timeout }, async () => {
    const args = ['--pid', String(node.pid), '--cpu', '10m', '--out', 'stopped.cpuprofile'];
    const command = new Command([runner, 'profile', '--', ...args], { env: { INIT_CWD: folder } });
    await command.said(/Recording: 1 of 600 s/);
    command.child.kill('SIGINT');
    const { code, output } = await command.ended;
    expect(code).not.toBe(0);
    expect(output).toContain('Stopped: nothing was written.');
    expect(readdirSync(folder)).not.toContain('stopped.cpuprofile');
    expect(await isInspectorOpen()).toBe(false);
    expect(await post()).toBe(202);
  });

  it('keeps an inspector that somebody else has opened, and is found by its port too', {
    timeout,
  }, async () => {
    process.kill(node.pid, 'SIGUSR1');
    await vi.waitUntil(isInspectorOpen);
    for (const target of [
      ['--pid', String(node.pid)],
      ['--port', String(inspectorPort)],
    ]) {
      const { code, output } = await profile(...target, '--cpu', '1s', '--out', `by${target[0]}.cpuprofile`);
      expect(code, output).toBe(0);
      expect(await isInspectorOpen()).toBe(true);
    }
  });
});

describe('a refusal', { timeout }, () => {
  it.each([
    [[], /^Give either --pid, a running node, or --port/],
    [['--pid', '1', '--port', '2'], /^Give either --pid/],
    [['--pid', 'twelve'], /^--pid must be a whole number from 1 to 4194304, and "twelve" is none/],
    [['--port', '70000'], /^--port must be a whole number from 1 to 65535/],
    [['--pid', '1', '--cpu', '11m'], /^--cpu must be a time from 1s to 10m, as 10s or 2m, and "11m" is none/],
    [['--pid', '1', '--cpu', '0s'], /^--cpu must be a time from 1s to 10m/],
    [['--pid', '1', '--cpu', '1s', '--heap'], /^Give either --cpu or --heap/],
    [['--pid', '1', '--out', ''], /^--out must be the name of a file/],
    [['--pid', '1', '--all'], /--all/],
  ])('names what is wrong with %j and what is allowed', async (args, sentence) => {
    const { code, output } = await profile(...args);
    expect([code, output]).toEqual([2, expect.stringMatching(sentence)]);
    expect(output).toContain('Usage: npm run profile -- --pid N [--cpu 10s | --heap] [--out file]');
    expect(output.trim().split('\n')).toHaveLength(1);
  });

  it('comes for a process that is gone', async () => {
    const gone = spawn('true');
    await once(gone, 'exit');
    const { code, output } = await profile('--pid', String(gone.pid));
    expect([code, output.trim()]).toEqual([
      1,
      `There is no process ${gone.pid}: give the pid of a running node.`,
    ]);
  });

  it('comes for what is no Node, and leaves it alive', async () => {
    const other = spawn('sleep', ['60']);
    try {
      const { code, output } = await profile('--pid', String(other.pid));
      const sentence = `Process ${other.pid} (sleep) is no Node process: give the pid of a running node.`;
      expect([code, output.trim()]).toEqual([1, sentence]);
      expect(isAlive(other)).toBe(true);
    } finally {
      other.kill('SIGKILL');
    }
  });

  it('comes for a Node without an inspector, and leaves it alive', async () => {
    const deaf = spawn(process.execPath, [
      '--disable-sigusr1',
      '-e',
      'console.log("up"); setInterval(() => {}, 1e6)',
    ]);
    try {
      await once(deaf.stdout, 'data');
      const { code, output } = await profile('--pid', String(deaf.pid));
      expect([code, output]).toEqual([1, expect.stringContaining('was started without its inspector')]);
      expect(isAlive(deaf)).toBe(true);
    } finally {
      deaf.kill('SIGKILL');
    }
  });

  it('names the port when somebody else has it', { timeout }, async () => {
    const occupant = createServer().listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    const { port } = occupant.address() as { port: number };
    const script = 'console.log("up"); setInterval(() => {}, 1e6)';
    const late = spawn(process.execPath, [`--inspect-port=${port}`, '-e', script]);
    try {
      await once(late.stdout, 'data');
      const { code, output } = await profile('--pid', String(late.pid), '--out', 'late.cpuprofile');
      expect([code, output]).toEqual([1, expect.stringContaining(`another process has port ${port}`)]);
      expect(existsSync(join(folder, 'late.cpuprofile'))).toBe(false);
    } finally {
      late.kill('SIGKILL');
      occupant.close();
    }
  });

  it('comes before a file is overwritten, and for a folder that is not there', async () => {
    const at = (out: string) => profile('--pid', String(node.pid), '--cpu', '1s', '--out', out);
    const existing = await at('data/admin-key');
    expect([existing.code, existing.output]).toEqual([1, expect.stringContaining('is there already')]);
    expect(readFileSync(join(folder, 'data/admin-key'), 'utf8').trim()).toBe(key);
    const nowhere = await at('none/one.cpuprofile');
    expect([nowhere.code, nowhere.output]).toEqual([
      1,
      expect.stringContaining('cannot be written (ENOENT)'),
    ]);
  });

  it('comes for a port that is no inspector', async () => {
    const { code, output } = await profile('--port', new URL(url).port);
    expect([code, output]).toEqual([1, expect.stringContaining('inspector')]);
  });
});

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
