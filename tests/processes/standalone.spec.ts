// Proves what a person meets after `npm start`:
// commands that work, sentences that help, an end that is clean.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../tools/services/port.ts';
import { Command, run } from '../house/command.ts';
import { descendants, survivors } from '../house/processes.ts';
import { buildApps, buildTimeoutMs, mainOf } from '../setup/built.ts';

beforeAll(buildApps, buildTimeoutMs);

let folder: string;
let running: Command[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carillon-standalone-'));
});
afterEach(async () => {
  for (const command of running) command.child.kill('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  running = [];
  rmSync(folder, { recursive: true });
});

interface Started {
  readonly command: Command;
  readonly url: string;
  readonly internalUrl: string;
  readonly key: string;
}

const noUrls = { MONGO_URL: '', REDIS_URL: '', NATS_URL: '' };

async function start(env: Record<string, string> = {}): Promise<Started> {
  const [port, internalPort] = [await freePort(), await freePort()];
  const ports = { CARILLON_HTTP_PORT: String(port), CARILLON_INTERNAL_PORT: String(internalPort) };
  const command = new Command(mainOf('standalone'), { cwd: folder, env: { ...noUrls, ...ports, ...env } });
  running.push(command);
  await command.said(/Ctrl-C stops everything/);
  const key = readFileSync(join(folder, 'data/admin-key'), 'utf8').trim();
  return { command, url: `http://127.0.0.1:${port}`, internalUrl: `http://127.0.0.1:${internalPort}`, key };
}

async function end({ command }: Started, signal: NodeJS.Signals = 'SIGTERM') {
  command.child.kill(signal);
  return command.ended;
}

const post = ({ url, key }: Started, body: object, headers: Record<string, string> = {}) =>
  fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

const get = ({ url, key }: Started, path: string) =>
  fetch(url + path, { headers: { authorization: `Bearer ${key}` } });

describe('standalone', () => {
  it('prints commands that work when they are pasted', async () => {
    const started = await start();
    const { output } = await withOutput(started);
    const commands = [...output.matchAll(/^ {2}(curl (?:.*\\\n)*.*)$/gm)].map(([, command]) => command ?? '');
    expect(commands).toHaveLength(2);
    const [sent, token] = commands.map((command) =>
      execFileSync('sh', ['-c', command], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] }).toString(),
    );
    expect(sent).toMatch(/^HTTP\/1\.1 202 [\s\S]*"status":"accepted"/);
    expect(token).toMatch(/"token":"ey/);
    expect(output).not.toContain(started.key);
  });

  it('is live, ready and measured on the internal port alone', async () => {
    const { url, internalUrl } = await start();
    for (const path of ['/livez', '/startupz', '/readyz', '/metrics']) {
      expect((await fetch(internalUrl + path)).status, path).toBe(200);
      expect((await fetch(url + path)).status, path).toBe(404);
    }
    expect(await (await fetch(`${internalUrl}/readyz`)).json()).toMatchObject({
      ready: true,
      checks: { store: 'ok', clock: 'ok', bus: 'ok', routes: 'ok' },
    });
  });

  it('keeps messages and keys over a restart', async () => {
    const first = await start();
    const { id } = (await (await post(first, { to: 'user:42', event: 'hello' })).json()) as { id: string };
    expect((await end(first)).code).toBe(0);
    const second = await start();
    expect(second.key).toBe(first.key);
    const answer = await get(second, `/v1/messages/${id}`);
    expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ id })]);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 on %s and leaves no process', async (signal) => {
    const started = await start();
    const children = descendants(started.command.pid);
    expect((await end(started, signal)).code).toBe(0);
    expect(await survivors([started.command.pid, ...children])).toEqual([]);
  });

  it('ends with 0 when it is told to before it has started', async () => {
    const command = new Command(mainOf('standalone'), { cwd: folder, env: noUrls });
    running.push(command);
    await sleep(150);
    command.child.kill('SIGTERM');
    expect([0, null]).toContain((await command.ended).code);
  });

  it('ends at once on a second signal', async () => {
    const started = await start();
    // A request whose answer never ends holds the drain up.
    const socket = connect(Number(new URL(started.url).port), '127.0.0.1', () =>
      socket.write(
        'POST /v1/messages HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n' +
          'Content-Length: 9\r\n\r\n{',
      ),
    );
    await sleep(200);
    started.command.child.kill('SIGTERM');
    await sleep(300);
    expect(started.command.child.exitCode).toBeNull();
    started.command.child.kill('SIGTERM');
    expect((await started.command.ended).code).toBe(1);
    socket.destroy();
  });

  it('gives a page its key on this machine, and nobody else', async () => {
    const started = await start();
    const ask = (headers: Record<string, string>) => rawGet(started.url, '/demo/access', headers);
    const { host } = new URL(started.url);
    const given = await ask({ Host: host, 'Sec-Fetch-Site': 'same-origin' });
    expect(given.status).toBe(200);
    const { key } = JSON.parse(given.body) as { key: string };
    expect(statSync(join(folder, 'data/demo-key')).mode & 0o777).toBe(0o600);
    expect((await ask({ Host: host.replace('127.0.0.1', 'localhost') })).status).toBe(200);
    for (const headers of [
      { Host: host, 'Sec-Fetch-Site': 'cross-site' },
      { Host: host, 'Sec-Fetch-Site': 'same-site' },
      { Host: 'evil.example' },
      { Host: `evil.example:${new URL(started.url).port}` },
      { Host: '127.0.0.1' },
      { Host: '127.0.0.1:1' },
    ]) {
      const refused = await ask(headers as Record<string, string>);
      expect([refused.status, refused.body.includes(key)], JSON.stringify(headers)).toEqual([403, false]);
    }
    expect((await post({ ...started, key }, { to: 'user:42', event: 'hello' })).status).toBe(202);
    await end(started);
    const again = await start();
    const same = await rawGet(again.url, '/demo/access', { Host: new URL(again.url).host });
    expect(JSON.parse(same.body)).toEqual({ key });
  });

  it('has no key to give when it listens on more than this machine', async () => {
    const started = await start({ CARILLON_HTTP_HOST: '0.0.0.0' });
    expect((await fetch(`${started.url}/demo/access`)).status).toBe(404);
  });

  it('writes neither tokens nor payloads into its logs, even at their most talkative', async () => {
    const started = await start({ LOG_LEVEL: 'trace' });
    await post(started, {
      to: 'user:42',
      event: 'hello',
      data: { canary: 'canary-data' },
      notification: { title: 'canary-title' },
      metadata: { canary: 'canary-meta' },
    });
    await post(started, { to: 'user:42', event: 'hello', 'canary-field': 'canary-value' });
    await post(started, 'canary-body' as unknown as object);
    await post({ ...started, key: `ck_x_${'canary-key'.repeat(6)}` }, {});
    const cookie = { cookie: 'canary-cookie', 'sec-websocket-protocol': 'carillon.v1, bearer.canary-token' };
    await post(started, {}, cookie);
    await get(started, '/v1/messages/none?token=canary-query');
    await end(started);
    const { output } = await started.command.ended;
    expect(output).toContain('"route":"/v1/messages"');
    expect(output).toContain('"status":202');
    expect(output).not.toContain('canary');
    expect(output).not.toContain(started.key);
  });

  it('cuts off clients that are slow on purpose', async () => {
    const { url } = await start();
    const startedAt = performance.now();
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
        socket.write('POST / HTTP/1.1\r\nHost: a\r\n'),
      );
      let text = '';
      socket.on('data', (bytes) => {
        text += bytes;
      });
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(performance.now() - startedAt).toBeGreaterThan(4_000);
    expect(performance.now() - startedAt).toBeLessThan(9_000);
  });
});

describe('a start that cannot succeed', () => {
  let occupant: Server;
  let port: number;
  beforeAll(async () => {
    occupant = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => occupant.once('listening', resolve));
    port = (occupant.address() as AddressInfo).port;
  });
  afterAll(() => occupant.close());

  it.each(['CARILLON_HTTP_PORT', 'CARILLON_INTERNAL_PORT'])(
    'tells in a sentence that the port of %s is in use',
    async (name) => {
      const other = { CARILLON_HTTP_PORT: '0', CARILLON_INTERNAL_PORT: '0', [name]: String(port) };
      const { code, output } = await run(mainOf('standalone'), { cwd: folder, env: { ...noUrls, ...other } });
      expect(output.trim()).toBe(
        `Port ${port} on 127.0.0.1 is in use: end what listens there, or set ${name} to a free port.`,
      );
      expect(code).toBe(1);
    },
  );

  it('tells in a sentence that the folder cannot be written', async () => {
    writeFileSync(join(folder, 'data'), 'a file is in the way');
    const env = { ...noUrls, CARILLON_HTTP_PORT: '0', CARILLON_INTERNAL_PORT: '0' };
    const { code, output } = await run(mainOf('standalone'), { cwd: folder, env });
    expect(output.trim()).toMatch(
      /^The folder .*data cannot be written \(\w+\): make it writable, or set \w+ to another one\.$/,
    );
    expect(code).toBe(1);
  });
});

async function withOutput({ command }: Started): Promise<{ output: string }> {
  const [output = ''] = await command.said(/[\s\S]*Ctrl-C stops everything/);
  return { output };
}

/** A GET with headers that fetch would not let us set. */
function rawGet(
  url: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const lines = Object.entries({ ...headers, Connection: 'close' }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
      socket.end(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`),
    );
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes;
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', body = ''] = text.split('\r\n\r\n');
      resolve({ status: Number(head.split(' ')[1]), body });
    });
  });
}
