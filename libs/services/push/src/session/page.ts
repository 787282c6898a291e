/**
 * Entries of a log as they were read, with the frames that were made of them: pumps at the same place share
 * one. A snapshot: it must not be kept for long.
 */
import { type Entry, entryFrame } from '@carillon/domain';
import { decodeServerFrame, limits } from '@carillon/wire';
import { framed } from '../socket/framed.js';
import { type ReadyEntry, ready } from './volley.js';

export interface PageFacts {
  /** In order. */
  readonly entries: readonly Entry[];
  /** Monotonic. */
  readonly readAt: number;
  /** How many the following page should have. */
  readonly nextEntries: number;
}

export class Page {
  readonly entries: readonly Entry[];
  readonly readAt: number;
  readonly nextEntries: number;
  private readonly live: (ReadyEntry | 'poison')[] = [];
  private readonly replayed: (ReadyEntry | 'poison')[] = [];

  /** `onPoison`: an entry of which no frame can be made, told once. */
  constructor(
    { entries, readAt, nextEntries }: PageFacts,
    private readonly onPoison: (entry: Entry) => void,
  ) {
    this.entries = entries;
    this.readAt = readAt;
    this.nextEntries = nextEntries;
  }

  /** The entry at this index of the page with its frame, made when it is first asked for. */
  readyAt(index: number, isReplay: boolean): ReadyEntry | 'poison' {
    const made = isReplay ? this.replayed : this.live;
    const known = made[index];
    if (known) return known;
    const entry = this.entries[index] as Entry;
    const one = readyEntry(entry, isReplay) ?? 'poison';
    if (one === 'poison') this.onPoison(entry);
    made[index] = one;
    return one;
  }
}

/** @returns undefined when no client could read its frame. */
function readyEntry(entry: Entry, isReplay: boolean): ReadyEntry | undefined {
  // A corrected clock may have stamped fractions; times of the protocol are whole milliseconds.
  const [acceptedAt, expiresAt] = [Math.floor(entry.acceptedAt), Math.floor(entry.expiresAt)];
  const text = entryFrame({ ...entry, acceptedAt, expiresAt }, isReplay);
  if (!decodeServerFrame(text).ok) return undefined;
  const frame = framed(text);
  return frame.length > limits.serverFrameBytesMax ? undefined : ready(entry, frame);
}
