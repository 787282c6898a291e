// The real standalone process on a folder and ports of its own, for suites that need to know its key, its
// logs and its memory. Whoever starts it must remove it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../tools/services/port.ts';
import { Command } from '../house/command.ts';
import { mainOf } from '../setup/built.ts';

const noUrls = { MONGO_URL: '', REDIS_URL: '', NATS_URL: '' };

export interface RunningOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the data folder before the process starts. */
  readonly prepare?: (dataFolder: string) => Promise<void>;
}

export class Running {
  readonly url: string;
  readonly internalUrl: string;
  #command: Command;
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(
    folder: string,
    ports: readonly [number, number],
    env: Readonly<Record<string, string>>,
  ) {
    this.#folder = folder;
    const addresses = { CARILLON_HTTP_PORT: String(ports[0]), CARILLON_INTERNAL_PORT: String(ports[1]) };
    this.#env = { ...noUrls, ...addresses, ...env };
    this.#command = this.#spawn();
    this.url = `http://127.0.0.1:${ports[0]}`;
    this.internalUrl = `http://127.0.0.1:${ports[1]}`;
  }

  /** Resolves when it listens. @throws with all it said if it ends before */
  static async start({ env = {}, prepare }: RunningOptions = {}): Promise<Running> {
    const folder = mkdtempSync(join(tmpdir(), 'carillon-running-'));
    await prepare?.(join(folder, 'data'));
    const running = new Running(folder, [await freePort(), await freePort()], env);
    await running.#ready();
    return running;
  }

  get pid(): number {
    return this.#command.pid;
  }

  get socketUrl(): string {
    return `${this.url.replace('http', 'ws')}/v1/connect`;
  }

  get adminKey(): string {
    return readFileSync(join(this.#folder, 'data/admin-key'), 'utf8').trim();
  }

  /** What the kernel says it holds in memory now. */
  get residentBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
  }

  /** Whether it has not ended. */
  get isAlive(): boolean {
    const { exitCode, signalCode } = this.#command.child;
    return exitCode === null && signalCode === null;
  }

  /** A signal, without waiting. */
  signal(name: NodeJS.Signals): void {
    this.#command.child.kill(name);
  }

  /** Ends it in order. @returns its exit code and all it wrote */
  async end(): Promise<{ readonly code: number | null; readonly output: string }> {
    this.signal('SIGTERM');
    return this.#command.ended;
  }

  /** Ends it in order and starts it again, with the same ports and data. */
  async restart(): Promise<void> {
    await this.end();
    this.#command = this.#spawn();
    await this.#ready();
  }

  /** Ends it however it is, and removes its folder. */
  async remove(): Promise<void> {
    this.signal('SIGKILL');
    await this.#command.ended;
    rmSync(this.#folder, { recursive: true });
  }
  #spawn(): Command {
    return new Command(mainOf('standalone'), { cwd: this.#folder, env: this.#env, outlivesTest: true });
  }

  async #ready(): Promise<void> {
    await this.#command.said(/Ctrl-C stops everything/);
  }
}
