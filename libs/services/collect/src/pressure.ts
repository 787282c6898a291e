/**
 * Back-pressure: whether the nodes take what Collect accepts. Known from the answers of Dispatch alone; while
 * there are none, nothing is refused.
 */
import type { DispatchAnswer } from '@carillon/domain';
import { Clock } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { CollectOptions } from './collect-options.js';

/** The share of refused entries is taken over this many answers' worth of time. */
const windowMs = 500;
/** Refusing stops the answers too; after this long without one, new messages are let in to find out. */
const probeAfterMs = 1_000;

interface Observation extends DispatchAnswer {
  readonly at: number;
}

@Injectable()
export class Pressure {
  private recent: Observation[] = [];
  private lastAt: number | undefined;
  /** Since when more than half has been refused, without a break. */
  private overSince: number | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly options: CollectOptions,
  ) {}

  note({ entries, refused }: DispatchAnswer): void {
    const at = this.clock.monotonic();
    if (this.lastAt !== undefined && at - this.lastAt > 2 * this.options.busyForMs)
      this.overSince = undefined;
    this.lastAt = at;
    this.recent = [...this.recent.filter((each) => at - each.at < windowMs), { entries, refused, at }];
    let all = 0;
    let notTaken = 0;
    for (const each of this.recent) {
      all += each.entries;
      notTaken += each.refused;
    }
    if (notTaken * 2 > all) this.overSince ??= at;
    else this.overSince = undefined;
  }

  /** More than half of the entries has been refused for `busyForMs`: new messages must wait. */
  get isHigh(): boolean {
    if (this.overSince === undefined || this.lastAt === undefined) return false;
    const now = this.clock.monotonic();
    return now - this.overSince >= this.options.busyForMs && now - this.lastAt < probeAfterMs;
  }
}
