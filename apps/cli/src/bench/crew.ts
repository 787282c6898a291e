/**
 * The threads of a run, led through its phases together. Must never leave a thread running, and never count
 * work of the command itself as work of the server.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { now } from './moment.js';
import type { Job } from './plan.js';
import type { Counts } from './shift.js';
import { countNames, Tally } from './tally.js';
import type { Order, Report } from './words.js';

/** Told where the run stands. */
export interface CrewWatcher {
  phase(name: 'open' | 'work'): void;
  counts(counts: Counts): void;
}

/** What came of a run, and what this process paid for it. */
export interface Outturn {
  readonly tally: Tally;
  readonly startedAtMs: number;
  /** Of the posting, where there is any; else from the first socket on. */
  readonly tookMs: number;
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** That the sockets added to this process. */
  readonly socketsBytes: number;
  readonly endedEarly: boolean;
}

/** Time for the last close frames to leave. */
const closingMs = 100;

export class Crew {
  readonly #workers: readonly Worker[];
  readonly #counts = new Map<Worker, Counts>();
  readonly #tally = new Tally();
  readonly #watcher: CrewWatcher;
  readonly #isPosting: boolean;
  readonly #failed = Promise.withResolvers<never>();
  readonly #reached: Record<Report['kind'], { left: number; readonly all: PromiseWithResolvers<void> }>;

  constructor(jobs: readonly Job[], watcher: CrewWatcher) {
    this.#watcher = watcher;
    this.#isPosting = jobs.some(({ mode }) => mode !== 'connect');
    const gate = () => ({ left: jobs.length, all: Promise.withResolvers<void>() });
    this.#reached = { loaded: gate(), opened: gate(), counts: gate(), done: gate() };
    // Whoever waits gets it; before that it is nobody's.
    this.#failed.promise.catch(() => undefined);
    this.#workers = jobs.map((job) => this.#hire(job));
  }

  /** Runs every phase; stopped, it hurries and has figures all the same. @throws as a thread did */
  async run(stopped: AbortSignal): Promise<Outturn> {
    const stop = () => this.#order({ kind: 'stop' });
    stopped.addEventListener('abort', stop);
    try {
      return await this.#lead(stopped);
    } finally {
      stopped.removeEventListener('abort', stop);
      await Promise.all(this.#workers.map((worker) => worker.terminate()));
    }
  }

  async #lead(stopped: AbortSignal): Promise<Outturn> {
    await this.#all('loaded');
    if (stopped.aborted) this.#order({ kind: 'stop' });
    const rssBefore = process.memoryUsage.rss();
    const openAtMs = now();
    const atOpen = { ms: openAtMs, cpu: process.cpuUsage() };
    this.#watcher.phase('open');
    this.#order({ kind: 'open', startedAtMs: openAtMs });
    await this.#all('opened');
    const rssBytes = process.memoryUsage.rss();
    const atWork = { ms: now(), cpu: process.cpuUsage() };
    this.#watcher.phase('work');
    this.#order({ kind: 'work', startedAtMs: atWork.ms });
    await this.#all('done');
    const since = this.#isPosting ? atWork : atOpen;
    const { user, system } = process.cpuUsage(since.cpu);
    const tookMs = now() - since.ms;
    const endedEarly = stopped.aborted;
    await sleep(closingMs);
    return {
      tally: this.#tally,
      startedAtMs: openAtMs,
      tookMs,
      cpuMs: (user + system) / 1_000,
      rssBytes: process.memoryUsage.rss(),
      socketsBytes: Math.max(0, rssBytes - rssBefore),
      endedEarly,
    };
  }

  #hire(job: Job): Worker {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: job });
    worker.on('error', (error) => this.#failed.reject(error));
    worker.on('message', (report: Report) => this.#hear(worker, report));
    return worker;
  }

  #hear(worker: Worker, report: Report): void {
    if (report.kind === 'counts') {
      this.#counts.set(worker, report.counts);
      this.#watcher.counts(sumOf([...this.#counts.values()]));
      return;
    }
    if (report.kind === 'done') this.#tally.merge(report.figures);
    const gate = this.#reached[report.kind];
    gate.left -= 1;
    if (gate.left === 0) gate.all.resolve();
  }

  #all(kind: Report['kind']): Promise<void> {
    return Promise.race([this.#reached[kind].all.promise, this.#failed.promise]);
  }

  #order(order: Order): void {
    for (const worker of this.#workers) worker.postMessage(order);
  }
}

function sumOf(all: readonly Counts[]): Counts {
  const sums = countNames.map((name) => [name, all.reduce((sum, counts) => sum + counts[name], 0)]);
  return Object.fromEntries(sums) as Counts;
}
