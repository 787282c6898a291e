// The real process of `npm start` with a data folder and ports of its own, to be stopped, killed and
// started again in the middle of a test.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../tools/services/port.ts';
import { root } from '../house/command.ts';
import { plainEnvironment } from '../setup/built.ts';

const main = join(root, 'apps/standalone/dist/main.js');
const noUrls = { MONGO_URL: '', REDIS_URL: '', NATS_URL: '' };

/** What a producer gets back. */
export interface Accepted {
  readonly id: string;
}

export class Standalone {
  private folder: string | undefined;
  private ports: readonly [number, number] | undefined;
  private child: ChildProcess | undefined;

  get url(): string {
    return `http://127.0.0.1:${this.ports?.[0]}`;
  }

  /** Resolves when it listens; always on the ports and the data of the first time. */
  async start(): Promise<void> {
    this.folder ??= mkdtempSync(join(tmpdir(), 'carillon-browser-'));
    this.ports ??= [await freePort(), await freePort()];
    const [port, internalPort] = this.ports.map(String) as [string, string];
    const addresses = { CARILLON_HTTP_PORT: port, CARILLON_INTERNAL_PORT: internalPort, ...noUrls };
    const child = spawn(process.execPath, ['--enable-source-maps', main], {
      cwd: this.folder,
      env: { ...plainEnvironment(), ...addresses },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    await untilReady(child);
  }

  /** Resolves with its exit code when the process has ended; null if it was killed. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const { child } = this;
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child?.exitCode ?? null;
  }

  /** Posts as a business system elsewhere would. @throws with the problem unless it is accepted */
  async post(message: object): Promise<Accepted> {
    const { key } = (await (await fetch(`${this.url}/demo/access`)).json()) as { key: string };
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
    const response = await fetch(`${this.url}/v1/messages`, {
      method: 'POST',
      headers,
      body: JSON.stringify(message),
    });
    if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`);
    return (await response.json()) as Accepted;
  }

  async remove(): Promise<void> {
    await this.end('SIGKILL');
    if (this.folder) rmSync(this.folder, { recursive: true });
  }
}

/** @throws with all it said if it ends before it says that it listens */
async function untilReady(child: ChildProcess): Promise<void> {
  let said = '';
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data) => {
      said += data;
      if (said.includes('Ctrl-C stops everything')) resolve();
    });
  }
  child.once('close', () => reject(new Error(`The server ended before it was ready:\n${said}`)));
  await promise;
}
