/**
 * A clock that stands still until told to advance.
 * Timers run in order of their time; promises settle between them.
 */
import { Clock, type Timer } from '@carillon/domain/ports';

interface Scheduled {
  readonly at: number;
  readonly order: number;
  readonly task: () => void;
}

export class FakeClock extends Clock {
  private elapsedMs = 0;
  private order = 0;
  private offsetMs: number;
  private readonly scheduled = new Set<Scheduled>();

  /** `startMs`: the wall time at which the clock begins, epoch milliseconds. */
  constructor(startMs = 1_800_000_000_000) {
    super();
    this.offsetMs = startMs;
  }

  override now(): number {
    return this.offsetMs + this.elapsedMs;
  }

  override monotonic(): number {
    return this.elapsedMs;
  }

  override after(ms: number, task: () => void): Timer {
    const entry = { at: this.elapsedMs + Math.max(0, ms), order: this.order++, task };
    this.scheduled.add(entry);
    return { cancel: () => this.scheduled.delete(entry) };
  }

  override nextTurn(task: () => void): void {
    setImmediate(task); // no time passes
  }

  /** Moves the wall time without letting any time pass. */
  jump(ms: number): void {
    this.offsetMs += ms;
  }

  /** Lets `ms` pass: runs what falls due, in order, and what that schedules within the span. */
  async advance(ms: number): Promise<void> {
    const end = this.elapsedMs + ms;
    await settle();
    for (let next = this.nextDue(end); next; next = this.nextDue(end)) {
      this.scheduled.delete(next);
      this.elapsedMs = Math.max(this.elapsedMs, next.at);
      next.task();
      await settle();
    }
    this.elapsedMs = end;
  }

  private nextDue(end: number): Scheduled | undefined {
    let first: Scheduled | undefined;
    for (const entry of this.scheduled) {
      if (entry.at > end) continue;
      if (!first || entry.at < first.at || (entry.at === first.at && entry.order < first.order))
        first = entry;
    }
    return first;
  }
}

/** Lets promises that are ready run, including those they make ready in turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}
