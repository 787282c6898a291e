/**
 * Tells of what is still open when its time is over: one timer for all, since all have the same time.
 * Must never tell of anything twice.
 */
import type { Clock } from '@carillon/domain/ports';

export class Deadlines<T> {
  /** With the monotonic time at which each is late; in the order of these times. */
  private readonly open = new Map<T, number>();
  private isArmed = false;

  constructor(
    private readonly clock: Clock,
    private readonly afterMs: number,
    private readonly late: (item: T) => void,
  ) {}

  /** From now on; once per item. */
  add(item: T, now: number): void {
    this.open.set(item, now + this.afterMs);
    if (!this.isArmed) this.arm(this.afterMs);
  }

  /** It was done in time. */
  remove(item: T): void {
    this.open.delete(item);
  }

  private arm(ms: number): void {
    this.isArmed = true;
    this.clock.after(ms, () => this.look());
  }

  private look(): void {
    this.isArmed = false;
    const now = this.clock.monotonic();
    for (const [item, dueAt] of this.open) {
      if (dueAt > now) {
        if (!this.isArmed) this.arm(dueAt - now);
        return;
      }
      this.open.delete(item);
      this.late(item);
    }
  }
}
