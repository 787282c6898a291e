// The real process of `npm start` with a data folder and ports of its own, to be stopped, killed and
// started again in the middle of a test.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../tools/services/port.ts';
import { Command } from '../house/command.ts';
import { mainOf } from '../setup/built.ts';

const noUrls = { MONGO_URL: '', REDIS_URL: '', NATS_URL: '' };

/** What a producer gets back. */
export interface Accepted {
  readonly id: string;
}

export class Standalone {
  private folder: string | undefined;
  private ports: readonly [number, number] | undefined;
  private process: Command | undefined;

  get url(): string {
    return `http://127.0.0.1:${this.ports?.[0]}`;
  }

  /** Resolves when it listens; always on the ports and the data of the first time. */
  async start(): Promise<void> {
    this.folder ??= mkdtempSync(join(tmpdir(), 'carillon-browser-'));
    this.ports ??= [await freePort(), await freePort()];
    const [port, internalPort] = this.ports.map(String) as [string, string];
    const env = { CARILLON_HTTP_PORT: port, CARILLON_INTERNAL_PORT: internalPort, ...noUrls };
    this.process = new Command(mainOf('standalone'), { cwd: this.folder, env, outlivesTest: true });
    await this.process.said(/Ctrl-C stops everything/);
  }

  /** Resolves with its exit code when the process has ended; null if it was killed. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    if (!this.process) return null;
    this.process.child.kill(signal);
    return (await this.process.ended).code;
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
