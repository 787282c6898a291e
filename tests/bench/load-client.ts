// The compiled load client as a process: built once by the Go tool chain, told by JSON lines, heard ten times
// a second. It must be lighter than what it measures, and it checks the place of every message.
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const source = join(import.meta.dirname, 'load');
const folder = join(import.meta.dirname, '../../.tools/bench');
const lookEveryMs = 20;

export interface SocketOrder {
  readonly url: string;
  readonly tokens: readonly string[];
  readonly sockets: number;
  /** Nothing above WebSocket: frames are counted. */
  readonly raw: boolean;
  readonly ackEvery: number;
  readonly ackMs: number;
}

export interface PostOrder {
  readonly url: string;
  readonly key: string;
  readonly users: number;
  readonly messages: number;
  readonly batch: number;
  readonly workers: number;
  /** 0: as fast as they are taken. */
  readonly perSecond: number;
}

export interface LoadStatus {
  readonly open: number;
  readonly received: number;
  readonly misplaced: number;
  readonly failed: number;
  readonly accepted: number;
  readonly refused: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The path of the program. @throws one sentence when it cannot be built */
export function buildLoadClient(): string {
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'load');
  try {
    execFileSync('go', ['build', '-o', program, '.'], {
      cwd: source,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } catch (cause) {
    throw new Error('The load client needs Go 1.25 or newer on PATH: install it (https://go.dev/dl).', {
      cause,
    });
  }
  return program;
}

export class LoadClient {
  private readonly child: ChildProcessWithoutNullStreams;
  private last: LoadStatus | undefined;

  constructor(program: string) {
    this.child = spawn(program, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stderr.pipe(process.stderr);
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.last = JSON.parse(line) as LoadStatus;
    });
  }

  sockets(order: SocketOrder): void {
    this.child.stdin.write(`${JSON.stringify({ sockets: order })}\n`);
  }

  posts(order: PostOrder): void {
    this.child.stdin.write(`${JSON.stringify({ posts: order })}\n`);
  }

  /** @throws Error when the status does not come to fit in time, or a message was out of its place */
  async until(fits: (status: LoadStatus) => boolean, timeoutMs: number, what: string): Promise<LoadStatus> {
    const end = Date.now() + timeoutMs;
    while (Date.now() < end) {
      if (this.last && this.last.misplaced > 0)
        throw new Error(`${this.last.misplaced} messages out of place`);
      if (this.last && fits(this.last)) return this.last;
      await sleep(lookEveryMs);
    }
    throw new Error(`not reached: ${what}; last heard ${JSON.stringify(this.last)}`);
  }

  end(): void {
    this.child.kill('SIGKILL');
  }
}
