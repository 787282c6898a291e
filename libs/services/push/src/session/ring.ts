/**
 * The node's short memory of logs: doorbells that some session could not take at once. Shared by the sessions
 * of a log, bounded per log and in all (least recently filled log goes first). Losing any of it costs a read
 * from the store.
 */
import type { LogKey } from '@carillon/domain';
import { Clock } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { PushOptions } from '../push-options.js';
import type { Framed } from '../socket/framed.js';
import type { ReadyEntry, SkipMark } from './volley.js';

interface Kept {
  readonly entry: ReadyEntry;
  readonly keptAt: number;
}

interface Ring {
  /** What is not to be shown any more is its mark alone. */
  readonly bySeq: Map<number, Kept | SkipMark>;
  bytes: number;
}

@Injectable()
export class Rings {
  private readonly rings = new Map<LogKey, Ring>();
  private bytes = 0;

  constructor(
    private readonly options: PushOptions,
    private readonly clock: Clock,
  ) {}

  /**
   * Remembers the entry, unless it is known that it was marked; the oldest of its log, or the log filled
   * longest ago, make room for it.
   */
  put(log: LogKey, entry: ReadyEntry): void {
    const ring = this.rings.get(log) ?? { bySeq: new Map<number, Kept | SkipMark>(), bytes: 0 };
    this.rings.delete(log);
    this.rings.set(log, ring);
    if (typeof ring.bySeq.get(entry.seq) === 'string') return;
    this.forget(ring, entry.seq);
    ring.bySeq.set(entry.seq, {
      entry: { ...entry, frame: own(entry.frame) },
      keptAt: this.clock.monotonic(),
    });
    ring.bytes += entry.frame.length;
    this.bytes += entry.frame.length;
    this.shrink(ring);
  }

  /** What is kept of the entry goes; its mark stays in its place. */
  mark(log: LogKey, seq: number, mark: SkipMark): void {
    const ring = this.rings.get(log);
    if (!ring?.bySeq.has(seq)) return;
    this.forget(ring, seq);
    ring.bySeq.set(seq, mark);
  }

  /** The entry of this place, or its mark, if it is there and fresh enough to be trusted. */
  get(log: LogKey, seq: number): ReadyEntry | SkipMark | undefined {
    const kept = this.rings.get(log)?.bySeq.get(seq);
    if (kept === undefined || typeof kept === 'string') return kept;
    if (this.clock.monotonic() - kept.keptAt > this.options.ringFreshMs) return undefined;
    return this.isFresh(kept.entry.acceptedAt) ? kept.entry : undefined;
  }

  /**
   * Whether what a doorbell told may still be written without asking the store: it says what was known when
   * the message was accepted, and a mark made since may be as old as that.
   */
  isFresh(acceptedAt: number, now = this.clock.now()): boolean {
    // From the future: the clock went back, and nobody can tell how old it is.
    return Math.abs(now - acceptedAt) <= this.options.ringFreshMs;
  }

  /** Nobody follows the log here any more. */
  drop(log: LogKey): void {
    const ring = this.rings.get(log);
    if (!ring) return;
    this.bytes -= ring.bytes;
    this.rings.delete(log);
  }

  private shrink(ring: Ring): void {
    while (ring.bySeq.size > this.options.ringEntries || ring.bytes > this.options.ringBytes) {
      this.forget(ring, first(ring.bySeq.keys()));
    }
    while (this.bytes > this.options.ringsBytes) this.drop(first(this.rings.keys()));
  }

  private forget(ring: Ring, seq: number): void {
    const kept = ring.bySeq.get(seq);
    if (kept === undefined) return;
    ring.bySeq.delete(seq);
    if (typeof kept === 'string') return;
    ring.bytes -= kept.entry.frame.length;
    this.bytes -= kept.entry.frame.length;
  }
}

/** Small buffers share memory: one that stays would keep its neighbours alive. */
function own(frame: Framed): Framed {
  return frame.length === frame.buffer.byteLength ? frame : (new Uint8Array(frame) as Framed);
}

function first<T>(values: IterableIterator<T>): T {
  return values.next().value as T;
}
