/**
 * Visits many pumps without holding up the event loop: in all walks together at most a slice of them per
 * turn, walks taking turns. Pings and acks are read in between.
 */
import { Clock } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { PushOptions } from '../push-options.js';
import { type Moment, momentOf } from '../session/moment.js';
import type { Pump } from '../session/pump.js';

export interface Walk {
  /** Whom to visit, asked when the walk begins; who goes meanwhile is left out, who comes is visited too. */
  begin(): Iterable<Pump>;
  visit(pump: Pump, moment: Moment): void;
  /** All have been visited. May start the next walk. */
  end?(): void;
}

interface UnderWay {
  readonly walk: Walk;
  pumps: Iterator<Pump> | undefined;
}

@Injectable()
export class Walks {
  private readonly waiting: UnderWay[] = [];
  private isScheduled = false;

  constructor(
    private readonly clock: Clock,
    private readonly options: PushOptions,
  ) {}

  get count(): number {
    return this.waiting.length;
  }

  /** Begins in the next turn, so that what came in one turn goes out together. */
  start(walk: Walk): void {
    this.waiting.push({ walk, pumps: undefined });
    this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.clock.nextTurn(() => {
      this.isScheduled = false;
      this.goOn();
      if (this.waiting.length > 0) this.schedule();
    });
  }

  private goOn(): void {
    let left = this.options.fanOutSlice;
    const moment = momentOf(this.clock);
    while (left > 0) {
      const first = this.waiting.shift();
      if (!first) return;
      left = visitSome(first, left, moment);
      if (left === 0) this.waiting.push(first);
      else first.walk.end?.();
    }
  }
}

/** @returns how many visits of `visitsMax` are left; 0: there may be more to visit. */
function visitSome(one: UnderWay, visitsMax: number, moment: Moment): number {
  one.pumps ??= one.walk.begin()[Symbol.iterator]();
  for (let left = visitsMax; left > 0; left--) {
    const next = one.pumps.next();
    if (next.done) return left;
    one.walk.visit(next.value, moment);
  }
  return 0;
}
