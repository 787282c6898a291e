/** A clock that a spec moves by hand, for whoever is below the testkit. Everybody else takes FakeClock. */
import { Clock, type Timer } from '../ports/clock.js';

/** Stands still until told to advance; runs tasks in the order of their times, promises in between. */
export class HandClock extends Clock {
  private elapsedMs = 0;
  private tasks: { readonly at: number; readonly task: () => void }[] = [];

  override now(): number {
    return 1_800_000_000_000 + this.elapsedMs;
  }

  override monotonic(): number {
    return this.elapsedMs;
  }

  override after(ms: number, task: () => void): Timer {
    const due = { at: this.elapsedMs + ms, task };
    this.tasks.push(due);
    return {
      cancel: () => {
        this.tasks = this.tasks.filter((each) => each !== due);
      },
    };
  }

  override nextTurn(task: () => void): void {
    this.after(0, task);
  }

  async advance(ms: number): Promise<void> {
    const end = this.elapsedMs + ms;
    await settle();
    for (let next = this.takeDue(end); next; next = this.takeDue(end)) {
      this.elapsedMs = Math.max(this.elapsedMs, next.at);
      next.task();
      await settle();
    }
    this.elapsedMs = end;
  }

  private takeDue(end: number): { readonly at: number; readonly task: () => void } | undefined {
    const due = this.tasks.filter((each) => each.at <= end).sort((a, b) => a.at - b.at)[0];
    this.tasks = this.tasks.filter((each) => each !== due);
    return due;
  }
}

/** Lets promises that are ready run, before and after every task. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve);
  });
}
