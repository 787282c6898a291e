// The compiled load client as a process: built by the Go tool chain, told by JSON lines, heard twenty times
// a second. It must be lighter than what it measures, and it checks the place of every message.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { dyingWithUs } from '../../tools/services/server.ts';
import type { Pins } from './pins.ts';
import { cpuMicros } from './process-figures.ts';

const source = join(import.meta.dirname, 'load');
const folder = join(import.meta.dirname, '../../.tools/bench');
const lookEveryMs = 10;

/** As in load/loop.go. */
export interface SocketOrder {
  /** `{user}` stands for the name of the socket's user. */
  readonly url: string;
  readonly mode: 'carillon' | 'raw' | 'socket.io';
  readonly authUrl?: string;
  readonly key?: string;
  readonly count: number;
  readonly first?: number;
  /** Users that share the sockets in turns; each socket has its own unless given. */
  readonly users?: number;
  readonly topics?: readonly string[];
  readonly ephemeral?: boolean;
  /** 0 and 0: acknowledge nothing until told. */
  readonly ackEvery: number;
  readonly ackMs: number;
  readonly atOnce?: number;
  /** Try again what was refused or closed before it was open. */
  readonly retry?: boolean;
  readonly ledger?: boolean;
}

/** As in load/posts.go. */
export interface PostOrder {
  readonly url: string;
  readonly key?: string;
  readonly target?: string;
  readonly style?: 'nchan';
  readonly users?: number;
  readonly messages: number;
  readonly batch: number;
  readonly workers: number;
  /** 0: as fast as they are taken. */
  readonly perSecond?: number;
  readonly fan?: number;
  readonly open?: boolean;
  readonly ledger?: boolean;
}

export interface ReopenOrder {
  readonly atOnce: number;
  readonly from?: number;
}

export interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Counts since the last reset; `open` is now. */
export interface LoadStatus {
  readonly orders: number;
  readonly open: number;
  readonly received: number;
  readonly bytes: number;
  readonly skipped: number;
  readonly misplaced: number;
  readonly gaps: number;
  readonly failed: number;
  readonly retries: number;
  readonly acks: number;
  readonly accepted: number;
  readonly refused: number;
  readonly refusedWithoutRetryAfter: number;
  readonly otherAnswers: number;
  readonly brokenRequests: number;
  readonly unsent: number;
  /** Orders to post that are under way. */
  readonly posting: number;
  /** Acknowledged and not arrived; counted with `ledger` only. */
  readonly missing: number;
  readonly firstPostUs: number;
  readonly lastReceivedUs: number;
  readonly lastAnswerUs: number;
  readonly lastOpenUs: number;
  /** From the POST, or from the server where nobody posts, to the socket. */
  readonly delivery: Spread;
  /** From the POST to its answer. */
  readonly answer: Spread;
  readonly lastError?: string;
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

/** One process, or several where one may not hold all the sockets: their counts are added up. */
export class LoadClient {
  private readonly children: readonly Child[];

  constructor(program: string, pins: Pins, processes = 1) {
    this.children = Array.from({ length: processes }, () => new Child(program, pins));
  }

  get pids(): readonly number[] {
    return this.children.map(({ pid }) => pid);
  }

  /** CPU time so far. */
  get micros(): number {
    return this.pids.reduce((sum, pid) => sum + cpuMicros(pid), 0);
  }

  /** `process`: which of them is to hold these sockets. */
  sockets(order: SocketOrder, process = 0): void {
    this.children[process % this.children.length]?.tell({ sockets: order });
  }

  /** The first one posts. It waits for its own share of the sockets only: they must be spread evenly. */
  posts({ fan = 0, ...order }: PostOrder): void {
    const share = Math.floor(fan / this.children.length);
    this.children[0]?.tell({ posts: { ...order, fan: share } });
  }

  /** Closes all sockets without a word. */
  drop(): void {
    this.tellAll({ drop: {} });
  }

  /** Opens again what was dropped. */
  reopen(order: ReopenOrder): void {
    this.tellAll({ reopen: order });
  }

  /** Acknowledges all that was received. */
  ack(step: number): void {
    this.tellAll({ ack: { step } });
  }

  /** Counts from zero. */
  reset(): void {
    this.tellAll({ reset: {} });
  }

  /**
   * The first status after all orders that fits.
   * @throws Error when none does in time, when a message was out of its place or a socket has failed
   */
  async until(fits: (status: LoadStatus) => boolean, timeoutMs: number, what: string): Promise<LoadStatus> {
    const end = Date.now() + timeoutMs;
    while (Date.now() < end) {
      if (this.children.some(({ hasEnded }) => hasEnded))
        throw new Error(`the load client has ended while: ${what}`);
      const heard = this.children.flatMap(({ status }) => status ?? []);
      if (heard.length === this.children.length) {
        const status = addedUp(heard);
        refuseFaults(status);
        if (fits(status)) return status;
      }
      await sleep(lookEveryMs);
    }
    throw new Error(
      `not reached: ${what}; last heard ${JSON.stringify(this.children.map((one) => one.last))}`,
    );
  }

  end(): void {
    for (const child of this.children) child.end();
  }

  private tellAll(order: object): void {
    for (const child of this.children) child.tell(order);
  }
}

class Child {
  last: LoadStatus | undefined;
  private readonly child: ChildProcess;
  private orders = 0;

  constructor(program: string, { cores }: Pins) {
    const pinned = cores ? ['taskset', '-c', cores.client] : [];
    const [command = '', ...args] = dyingWithUs([...pinned, program, 'control']);
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (!this.child.stdout) throw new Error('the load client has no output');
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.last = JSON.parse(line) as LoadStatus;
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null;
  }

  /** Undefined while it has not taken all orders. */
  get status(): LoadStatus | undefined {
    return this.last && this.last.orders >= this.orders ? this.last : undefined;
  }

  tell(order: object): void {
    this.orders += 1;
    this.child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  end(): void {
    this.child.kill('SIGKILL');
  }
}

/** Counts are sums, moments the earliest or latest; of spreads the widest counts. */
export function addedUp(all: readonly LoadStatus[]): LoadStatus {
  const [first] = all;
  if (!first) throw new RangeError('nobody was heard');
  return all.slice(1).reduce(withOther, first);
}

function withOther(one: LoadStatus, other: LoadStatus): LoadStatus {
  const sum = { ...one } as Record<string, unknown>;
  for (const [name, value] of Object.entries(other)) {
    const before = sum[name];
    if (typeof value === 'number' && typeof before === 'number') sum[name] = before + value;
  }
  return {
    ...(sum as unknown as LoadStatus),
    firstPostUs: one.firstPostUs || other.firstPostUs,
    lastReceivedUs: Math.max(one.lastReceivedUs, other.lastReceivedUs),
    lastAnswerUs: Math.max(one.lastAnswerUs, other.lastAnswerUs),
    lastOpenUs: Math.max(one.lastOpenUs, other.lastOpenUs),
    delivery: widest(one.delivery, other.delivery),
    answer: widest(one.answer, other.answer),
    ...(one.lastError || other.lastError ? { lastError: one.lastError || other.lastError || '' } : {}),
  };
}

function widest(one: Spread, other: Spread): Spread {
  return {
    p50Ms: Math.max(one.p50Ms, other.p50Ms),
    p99Ms: Math.max(one.p99Ms, other.p99Ms),
    maxMs: Math.max(one.maxMs, other.maxMs),
  };
}

function refuseFaults({ misplaced, failed, gaps, lastError }: LoadStatus): void {
  if (misplaced > 0) throw new Error(`${misplaced} messages out of their place: ${lastError}`);
  if (gaps > 0) throw new Error(`${gaps} resumes were denied`);
  if (failed > 0) throw new Error(`${failed} sockets have failed: ${lastError}`);
}
