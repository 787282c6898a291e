/**
 * The node's short memory of logs: doorbells that some session could not take at once. Shared by the sessions
 * of a log, bounded per log and in all (least recently filled log goes first). Losing any of it costs a read
 * from the store.
 */
import type { DoorbellView, LogKey } from '@carillon/domain';
import { Clock } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { PushOptions } from '../push-options.js';

interface Kept {
  readonly bell: DoorbellView;
  readonly keptAt: number;
}

interface Ring {
  readonly bySeq: Map<number, Kept>;
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

  /** Remembers the doorbell; the oldest of its log, or the log filled longest ago, make room for it. */
  put(bell: DoorbellView): void {
    const ring = this.rings.get(bell.log) ?? { bySeq: new Map<number, Kept>(), bytes: 0 };
    this.rings.delete(bell.log);
    this.rings.set(bell.log, ring);
    this.forget(ring, bell.seq);
    // A view would keep the whole batch it came in alive.
    const kept = { bell: { ...bell, frame: bell.frame.slice() }, keptAt: this.clock.monotonic() };
    ring.bySeq.set(bell.seq, kept);
    ring.bytes += bell.frame.length;
    this.bytes += bell.frame.length;
    this.shrink(ring);
  }

  /**
   * The doorbell of this place, if it is there and fresh enough to be trusted not to have been marked since.
   */
  get(log: LogKey, seq: number): DoorbellView | undefined {
    const kept = this.rings.get(log)?.bySeq.get(seq);
    if (!kept || this.clock.monotonic() - kept.keptAt > this.options.ringFreshMs) return undefined;
    return kept.bell;
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
    if (!kept) return;
    ring.bySeq.delete(seq);
    ring.bytes -= kept.bell.frame.length;
    this.bytes -= kept.bell.frame.length;
  }
}

function first<T>(values: IterableIterator<T>): T {
  return values.next().value as T;
}
