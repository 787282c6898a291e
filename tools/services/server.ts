// One server process of ours: started on a free loopback port in its own temporary folder, ended by its id.
// Must never outlive this process, whatever ends it, and never touch a server that somebody else started.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder, noteServer, removeFolder, sweepFolders } from './folder.ts';
import { freePort } from './port.ts';

const readyTimeoutMs = 30_000;
const readyPollMs = 20;
const startAttemptsMax = 3;
const logLinesShown = 8;

/**
 * What to run: `args` gets the port and the data folder; `isReady` says whether it answers, and never throws.
 */
export interface Program {
  readonly name: string;
  readonly binary: string;
  readonly args: (port: number, folder: string) => readonly string[];
  readonly isReady: (port: number) => Promise<boolean>;
}

/** Faults that a test can put on a server. Each is done when the promise (or call) returns. */
export interface ServerControls {
  readonly pid: number;
  readonly port: number;
  /** Freezes it: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** Ends it as a power cut would; the data folder stays. Idempotent. */
  kill(): Promise<void>;
  /**
   * Starts it again on the same port and folder, and waits until it answers. Kills it first if it still runs.
   */
  restart(): Promise<void>;
}

/** Starts the program on a free port, or on another if somebody was quicker. @throws with its last words */
export async function startServer(program: Program): Promise<Server> {
  watchOverServers();
  for (let attempt = 1; ; attempt += 1) {
    const server = new Server(program, await freePort());
    try {
      await server.restart();
      return server;
    } catch (error) {
      await server.stop();
      if (attempt === startAttemptsMax) throw error;
    }
  }
}

export class Server implements ServerControls {
  readonly port: number;
  readonly #program: Program;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(program: Program, port: number) {
    this.#program = program;
    this.port = port;
    this.#folder = makeFolder(program.name);
    living.add(this);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  async restart(): Promise<void> {
    await this.kill();
    this.#spawn();
    const deadline = Date.now() + readyTimeoutMs;
    while (!(await this.#program.isReady(this.port))) {
      if (!this.#child) throw new Error(`${this.#program.name} ended while it started: ${this.#lastWords()}`);
      if (Date.now() > deadline)
        throw new Error(`${this.#program.name} does not answer: ${this.#lastWords()}`);
      await sleep(readyPollMs);
    }
  }

  /** Ends the server and removes its folder. Idempotent. */
  async stop(): Promise<void> {
    await this.kill();
    living.delete(this);
    removeFolder(this.#folder);
  }

  /** What `stop` does, without waiting: for the last moments of this process. */
  stopNow(): void {
    this.#child?.kill('SIGKILL');
    living.delete(this);
    removeFolder(this.#folder);
  }

  #spawn(): void {
    const log = openSync(join(this.#folder, 'log'), 'a');
    const [command = '', ...args] = dyingWithUs([
      this.#program.binary,
      ...this.#program.args(this.port, this.#folder),
    ]);
    // A session of its own: Ctrl-C in the terminal must reach us alone,
    // so that apps can drain on living servers.
    const child = spawn(command, args, { cwd: this.#folder, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const end = () => {
        if (this.#child === child) this.#child = undefined;
        resolve();
      };
      child.once('exit', end);
      child.once('error', end);
    });
    if (child.pid) noteServer(this.#folder, child.pid);
  }

  #lastWords(): string {
    const lines = readFileSync(join(this.#folder, 'log'), 'utf8').trimEnd().split('\n');
    return lines.slice(-logLinesShown).join('\n') || 'it said nothing.';
  }
}

const living = new Set<Server>();
let isWatching = false;
let deathSignalPrefix: readonly string[] | undefined;

function watchOverServers(): void {
  if (isWatching) return;
  isWatching = true;
  sweepFolders();
  process.on('exit', stopAllNow);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const end = () => {
      // Whoever else listens decides when to exit, and may still need the servers until then.
      if (process.listenerCount(signal) > 1) return;
      stopAllNow();
      process.off(signal, end);
      process.kill(process.pid, signal);
    };
    process.on(signal, end);
  }
}

function stopAllNow(): void {
  for (const server of living) server.stopNow();
}

/** Where the kernel offers it, the server is killed with us even when we are killed outright. */
export function dyingWithUs(command: readonly string[]): readonly string[] {
  const prefix = ['setpriv', '--pdeathsig', 'KILL'];
  deathSignalPrefix ??= spawnSync('setpriv', [...prefix.slice(1), 'true']).status === 0 ? prefix : [];
  return [...deathSignalPrefix, ...command];
}
