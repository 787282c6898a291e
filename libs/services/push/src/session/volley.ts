/**
 * Entries as they are written to sockets: each with its frame, made once on this node, and several that
 * follow each other as one buffer. Shared by all sessions of a log; nothing of it ever changes.
 */
import type { DoorbellView, Mark } from '@carillon/domain';
import { limits } from '@carillon/wire';
import { type Framed, framed, joined } from '../socket/framed.js';
import type { Flight } from './in-flight.js';

/** One entry, ready to be written. Times are epoch milliseconds. */
export interface ReadyEntry {
  readonly seq: number;
  readonly acceptedAt: number;
  readonly expiresAt: number;
  readonly frame: Framed;
  /** It alone, as pumps keep it while it is unsettled. */
  readonly flights: readonly Flight[];
}

/** Why an entry is not shown, as a doorbell says. */
export type SkipMark = Extract<Mark, 'superseded' | 'recalled'>;

/** Entries that follow each other. */
export interface Volley {
  readonly first: number;
  readonly last: number;
  readonly frames: Framed;
  readonly flights: readonly Flight[];
  /** Of all frames. */
  readonly bytes: number;
  /** Of those that expire, the first. */
  readonly expiresAt: number;
  /** Of the oldest. */
  readonly acceptedAt: number;
}

/** @returns undefined for what is no frame that a client would take: the store knows better. */
export function readyBell(bell: DoorbellView): ReadyEntry | undefined {
  if (bell.frame.length === 0 || bell.frame.length > limits.serverFrameBytesMax) return undefined;
  return ready(bell, framed(bell.frame));
}

export function ready(
  entry: Pick<ReadyEntry, 'seq' | 'acceptedAt' | 'expiresAt'>,
  frame: Framed,
): ReadyEntry {
  const { seq, acceptedAt, expiresAt } = entry;
  const flight = { seq, bytes: frame.length, acceptedAt, isSkip: false };
  return { seq, acceptedAt, expiresAt, frame, flights: [flight] };
}

/** @returns undefined unless each entry follows the one before it. */
export function volleyOf(entries: readonly ReadyEntry[]): Volley | undefined {
  const [head] = entries;
  if (!head) return undefined;
  if (entries.length === 1)
    return { ...head, first: head.seq, last: head.seq, frames: head.frame, bytes: head.frame.length };
  if (entries.some(({ seq }, at) => seq !== head.seq + at)) return undefined;
  const frames = joined(entries.map(({ frame }) => frame));
  return {
    first: head.seq,
    last: head.seq + entries.length - 1,
    frames,
    flights: entries.flatMap(({ flights }) => flights),
    bytes: frames.length,
    expiresAt: Math.min(...entries.map(({ expiresAt }) => expiresAt)),
    acceptedAt: Math.min(...entries.map(({ acceptedAt }) => acceptedAt)),
  };
}
