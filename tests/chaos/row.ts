// What a row of the fault matrix is, and what comes of running it.
import type { Figure } from '../fleet/figure.ts';
import type { TokenTtl } from '../fleet/fleet.ts';
import type { History } from './history.ts';
import type { Stage } from './stage.ts';

/**
 * What a row brings about itself, and judges itself: resumes denied, places skipped, promises lost, logs that
 * do not begin at 1.
 */
export type Expected = 'gaps' | 'skips' | 'loss' | 'purge';

export interface Row {
  /** As in the matrix: `5b`. */
  readonly row: string;
  /** What is broken, and what must hold; both end in docs/reference/faults.md. */
  readonly broken: string;
  readonly outcome: string;
  /** Of traffic, unless told otherwise; the fault falls into it. */
  readonly seconds: number;
  readonly quickSeconds?: number;
  readonly sockets?: number;
  readonly messagesPerSecond?: number;
  /** Of them to `all` and to topics, which some devices ask for and some are members of. */
  readonly manyPerSecond?: number;
  /** Seconds that tokens live; else Auth's own choice. */
  readonly tokenTtlS?: TokenTtl;
  readonly expects?: readonly Expected[];
  /** Takes as long as it is told to, and is run only when it is named. */
  readonly isSoak?: boolean;
  /** Breaks and mends while messages are posted; what it leaves broken is healed for it. */
  readonly run: (stage: Stage) => Promise<void>;
  /** The row's own bounds, beside the promises that hold for every row. */
  readonly judge?: (history: History, stage: Stage) => readonly Figure[];
  /** Before sockets are opened: special programs, cables. */
  readonly prepare?: (stage: Stage) => Promise<void>;
}

/** Bounds of a row, stated the way the matrix does; what could not be measured is NaN and never held. */
export function atMost(what: string, is: number, max: number): Figure {
  return { what, is: rounded(is), must: `≤ ${max}`, ok: is <= max };
}

/** The same of a time, which a busy machine may miss while every promise is kept. */
export function atMostMs(what: string, ms: number, max: number): Figure {
  return { ...atMost(`${what}, ms`, ms, max), isTime: true };
}

export function atLeast(what: string, is: number, min: number): Figure {
  return { what, is: rounded(is), must: `≥ ${min}`, ok: is >= min };
}

export function none(what: string, is: number): Figure {
  return { what, is, must: '0', ok: is === 0 };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
