/**
 * Which addressees have too much waiting for them. Asks the store only about logs that are long, and about
 * each of those at most once a second: the limit may be passed by what arrives in between.
 */
import { type Entry, isUserLog, type LogKey } from '@carillon/domain';
import { Clock, Cursors, LogKeeping, PortError } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { CollectOptions } from './collect-options.js';

/** Long logs that are remembered; beyond it the one heard of longest ago is learnt anew. */
const logsMax = 10_000;
const askEveryMs = 1_000;

interface LongLog {
  head: number;
  /** Up to here nothing waits. */
  floor: number;
  /** Monotonic. */
  askedAt: number;
}

@Injectable()
export class Backlog {
  private readonly long = new Map<LogKey, LongLog>();

  constructor(
    private readonly cursors: Cursors,
    private readonly keeping: LogKeeping,
    private readonly clock: Clock,
    private readonly options: CollectOptions,
  ) {}

  /** No log is long: none can be full. */
  get isEmpty(): boolean {
    return this.long.size === 0;
  }

  /** Heads as they become known. */
  learn({ log, seq }: Pick<Entry, 'log' | 'seq'>): void {
    if (seq <= this.options.unackedEntriesMax || !isUserLog(log)) return;
    const known = this.long.get(log) ?? { head: 0, floor: 0, askedAt: Number.NEGATIVE_INFINITY };
    known.head = Math.max(known.head, seq);
    this.long.delete(log);
    this.long.set(log, known);
    if (this.long.size > logsMax) this.long.delete(this.long.keys().next().value as LogKey);
  }

  /** Those of the logs that must not grow now. Lets through what cannot be judged. */
  async full(logs: readonly LogKey[]): Promise<ReadonlySet<LogKey>> {
    const suspects = logs.filter((log) => this.isOver(log));
    const now = this.clock.monotonic();
    const stale = suspects.filter((log) => now - (this.long.get(log)?.askedAt ?? now) >= askEveryMs);
    if (stale.length > 0) await this.ask(stale);
    return new Set(suspects.filter((log) => this.isOver(log)));
  }

  private isOver(log: LogKey): boolean {
    const known = this.long.get(log);
    return known !== undefined && known.head - known.floor >= this.options.unackedEntriesMax;
  }

  private async ask(logs: readonly LogKey[]): Promise<void> {
    try {
      const [settled, expired] = await Promise.all([
        this.cursors.furthest(logs),
        this.keeping.newestExpired(logs, this.clock.now()),
      ]);
      for (const log of logs) this.lower(log, Math.max(settled.get(log) ?? 0, expired.get(log) ?? 0));
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      for (const log of logs) this.long.delete(log); // the append will say that the store is away
    }
  }

  private lower(log: LogKey, floor: number): void {
    const known = this.long.get(log);
    if (!known) return;
    known.floor = Math.max(known.floor, floor);
    known.askedAt = this.clock.monotonic();
  }
}
