/** What a run is to do, and how it is dealt out to threads. Must never leave out or double a user. */

export const modes = ['end-to-end', 'connect', 'send'] as const;
export type Mode = (typeof modes)[number];

/** A run as it was asked for, with every default filled in. */
export interface Plan {
  readonly mode: Mode;
  readonly url: string;
  /** Each of a user of its own; in `send` users without a socket. */
  readonly sockets: number;
  /** Messages per second, in `connect` new sockets per second; `max`: as fast as they are answered. */
  readonly rate: number | 'max';
  /** Of posting, in `connect` of holding the sockets. */
  readonly durationMs: number;
  readonly messages: number | undefined;
  /** Messages per request. */
  readonly batch: number;
  /** Of `data` as JSON. */
  readonly bytes: number;
  /** Requests at once. */
  readonly concurrency: number;
  readonly workers: number;
  readonly seed: number;
  /** In every user's name, so that no two runs meet. */
  readonly run: string;
}

/** The part of one thread; the same words as in `Plan`. */
export interface Job {
  readonly mode: Mode;
  readonly url: string;
  readonly key: string;
  readonly users: readonly string[];
  readonly socketsPerSecond: number;
  /** Undefined: as fast as they are answered. */
  readonly messagesPerSecond: number | undefined;
  readonly durationMs: number;
  readonly messages: number | undefined;
  readonly batch: number;
  readonly bytes: number;
  readonly concurrency: number;
  readonly seed: number;
  readonly run: string;
}

/** New sockets per second where the rate is about messages; half of what a node admits by default. */
const socketsPerSecondDefault = 500;

/** One job per thread; together they are the plan. */
export function jobsOf(plan: Plan, key: string): Job[] {
  const { mode, url, run, durationMs, batch, bytes, seed, rate } = plan;
  const count = Math.min(plan.workers, plan.sockets, plan.concurrency);
  const socketRate = mode === 'connect' && rate !== 'max' ? rate : socketsPerSecondDefault;
  return Array.from({ length: count }, (_, at) => {
    const first = startOf(plan.sockets, count, at);
    return {
      mode,
      url,
      key,
      users: Array.from({ length: share(plan.sockets, count, at) }, (_, nth) => userName(run, first + nth)),
      socketsPerSecond: socketRate / count,
      messagesPerSecond: rate === 'max' ? undefined : rate / count,
      durationMs,
      messages: plan.messages === undefined ? undefined : share(plan.messages, count, at),
      batch,
      bytes,
      concurrency: share(plan.concurrency, count, at),
      seed: (seed + at * 0x9e3779b1) >>> 0,
      run,
    };
  });
}

/** Says whose it is in every list of the server. */
function userName(run: string, nth: number): string {
  return `bench-${run}-${nth}`;
}

function share(total: number, parts: number, at: number): number {
  return startOf(total, parts, at + 1) - startOf(total, parts, at);
}

function startOf(total: number, parts: number, at: number): number {
  return Math.floor((total * at) / parts);
}
