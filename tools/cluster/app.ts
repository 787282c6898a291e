// One process of ours (auth, collect, dispatch or push) as a child: its ports stay the same over a restart.
// Must never outlive this process.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { dyingWithUs } from '../services/server.ts';

const root = join(import.meta.dirname, '../..');
const everyonesFlags = ['--enable-source-maps'];
const readyTimeoutMs = 30_000;
const readyPollMs = 25;
const probeTimeoutMs = 1_000;
/** Above this a drain is no longer waited for. */
const stopTimeoutMs = 45_000;
const lastLinesMax = 20;

/** What Node is started with, as the images do. */
export function nodeFlagsOf(app: string): readonly string[] {
  // Less memory per socket than with the semi-space that Node picks: docs/operating/sizing.md.
  return app === 'push' ? [...everyonesFlags, '--max-semi-space-size=24'] : everyonesFlags;
}

export interface AppFacts {
  /** `push-1` … */
  readonly name: string;
  /** Folder below apps/. */
  readonly app: string;
  readonly env: Readonly<Record<string, string>>;
  /** Nobody listens there for dispatch. */
  readonly url: string;
  readonly internalUrl: string;
  readonly onLine: (name: string, line: string) => void;
}

/** How one start differs from the others. */
export interface Alteration {
  /** Instead of the app's own main: an absolute path. */
  readonly main?: string;
  /** Laid over its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A process that can be hurt and brought back. */
export class App {
  readonly name: string;
  readonly url: string;
  readonly internalUrl: string;
  readonly #facts: AppFacts;
  readonly #lastLines: string[] = [];
  #child: ChildProcess | undefined;
  #ended: Promise<number | null> = Promise.resolve(null);
  #alteration: Alteration | undefined;

  constructor(facts: AppFacts) {
    this.name = facts.name;
    this.url = facts.url;
    this.internalUrl = facts.internalUrl;
    this.#facts = facts;
    living.add(this);
  }

  /** Whether the present child was started otherwise than the app is. */
  get isAltered(): boolean {
    return this.#alteration !== undefined;
  }

  /** 0 while it does not run. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves with the exit code when the present child has ended; null when a signal ended it. */
  get ended(): Promise<number | null> {
    return this.#ended;
  }

  /** Where sockets of a push node are opened. */
  get socketUrl(): string {
    return `${this.url.replace('http', 'ws')}/v1/connect`;
  }

  /** Sends a signal. After SIGKILL it resolves when the child has ended, after any other at once. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#child?.kill(signal);
    if (signal === 'SIGKILL') await this.#ended;
  }

  /** What `kill` does, without waiting: for the last moments of this process. */
  killNow(): void {
    this.#child?.kill('SIGKILL');
  }

  /**
   * Starts it, after an end if it still runs, and waits until it is ready. An alteration is for this start
   * only. @throws with its last words
   */
  async restart(alteration?: Alteration): Promise<void> {
    await this.kill();
    this.#alteration = alteration;
    this.#spawn();
    const deadline = Date.now() + readyTimeoutMs;
    while (!(await isReady(this.internalUrl))) {
      if (!this.#child) throw new Error(`${this.name} ended while it started:\n${this.lastWords}`);
      if (Date.now() > deadline) throw new Error(`${this.name} does not get ready:\n${this.lastWords}`);
      await sleep(readyPollMs);
    }
  }

  /** Drains and ends it; kills it if that takes too long. Idempotent. @returns its exit code */
  async stop(): Promise<number | null> {
    await this.kill('SIGTERM');
    const late = new AbortController();
    const timeout = sleep(stopTimeoutMs, undefined, { signal: late.signal, ref: false }).then(
      () => this.killNow(),
      () => undefined, // It ended in time.
    );
    const code = await this.#ended;
    late.abort();
    await timeout;
    living.delete(this);
    return code;
  }

  get lastWords(): string {
    return this.#lastLines.join('\n') || 'it said nothing.';
  }

  #spawn(): void {
    const { main = join(root, 'apps', this.#facts.app, 'dist/main.js'), env } = this.#alteration ?? {};
    const [command = '', ...args] = dyingWithUs([process.execPath, ...nodeFlagsOf(this.#facts.app), main]);
    // A group of its own: Ctrl-C in the terminal must reach us alone, so that apps end in order.
    const child = spawn(command, args, {
      cwd: root,
      detached: true,
      env: { ...process.env, ...this.#facts.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) this.#listen(stream);
    this.#ended = new Promise((resolve) => {
      const end = (code: number | null) => {
        if (this.#child === child) this.#child = undefined;
        resolve(code);
      };
      child.once('exit', end);
      child.once('error', (error) => {
        this.#lastLines.push(error.message);
        end(null);
      });
    });
  }

  #listen(stream: Readable): void {
    createInterface({ input: stream }).on('line', (line) => {
      this.#lastLines.push(line);
      if (this.#lastLines.length > lastLinesMax) this.#lastLines.shift();
      this.#facts.onLine(this.name, line);
    });
  }
}

const living = new Set<App>();
process.on('exit', () => {
  for (const app of living) app.killNow();
});

async function isReady(internalUrl: string): Promise<boolean> {
  try {
    const answer = await fetch(`${internalUrl}/readyz`, { signal: AbortSignal.timeout(probeTimeoutMs) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false; // Not yet, or not any more: who asks has a deadline.
  }
}
