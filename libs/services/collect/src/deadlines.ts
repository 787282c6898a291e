/**
 * When requests are answered at the latest, whatever the store is doing: one timer for all, since all have
 * the same time. Must never end a request's time twice.
 */
import { Clock } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { CollectLog } from './collect-log.js';
import { CollectOptions } from './collect-options.js';

/** The time of one request, over all that it waits for, one thing after the other. */
export class Deadline {
  private isPassed = false;
  private tell: (() => void) | undefined;

  constructor(
    readonly dueAt: number,
    private readonly log: CollectLog,
  ) {}

  get isOver(): boolean {
    return this.isPassed;
  }

  /** Calls it when the time is over, at once if it is. Only who asked last is told. */
  onOver(tell: () => void): void {
    if (this.isPassed) tell();
    else this.tell = tell;
  }

  /** Resolves when the work is done or the time is over, rejects with what the work rejects with in time. */
  within(work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.onOver(resolve);
      work.then(resolve, (fault) => {
        if (this.isPassed) this.log.unseen(fault);
        else reject(fault);
      });
    });
  }

  /** For `Deadlines` alone. */
  pass(): void {
    this.isPassed = true;
    this.tell?.();
  }
}

@Injectable()
export class Deadlines {
  /** In the order of their times. */
  private readonly open = new Set<Deadline>();
  private isArmed = false;

  constructor(
    private readonly clock: Clock,
    private readonly options: CollectOptions,
    private readonly log: CollectLog,
  ) {}

  /** Gives the work a time that begins now and is ended with the work. */
  async during<T>(work: (deadline: Deadline) => Promise<T>): Promise<T> {
    const deadline = this.begin();
    try {
      return await work(deadline);
    } finally {
      this.end(deadline);
    }
  }

  /** From now on. Must be ended by whoever began it. */
  begin(): Deadline {
    const afterMs = this.options.appendDeadlineMs;
    const deadline = new Deadline(this.clock.monotonic() + afterMs, this.log);
    this.open.add(deadline);
    if (!this.isArmed) this.arm(afterMs);
    return deadline;
  }

  /** The request is answered. */
  end(deadline: Deadline): void {
    this.open.delete(deadline);
  }

  private arm(ms: number): void {
    this.isArmed = true;
    this.clock.after(ms, () => this.look());
  }

  private look(): void {
    this.isArmed = false;
    const now = this.clock.monotonic();
    for (const deadline of this.open) {
      if (deadline.dueAt > now) {
        if (!this.isArmed) this.arm(deadline.dueAt - now);
        return;
      }
      this.open.delete(deadline);
      deadline.pass();
    }
  }
}
