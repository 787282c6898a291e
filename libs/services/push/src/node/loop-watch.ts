/** Whether this node has more to do than it can: measured by how late its own timer comes. */
import { Clock, repeat, type Timer } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';

const lookEveryMs = 100;
/** Later than this and the answers to doorbells say so, which slows Collect down. */
const busyLagMs = 250;

@Injectable()
export class LoopWatch {
  private timer: Timer | undefined;
  private dueAt = 0;
  private lagMs = 0;

  constructor(private readonly clock: Clock) {}

  start(): void {
    this.dueAt = this.clock.monotonic() + lookEveryMs;
    this.timer = repeat(
      this.clock,
      () => lookEveryMs,
      () => this.look(),
    );
  }

  stop(): void {
    this.timer?.cancel();
  }

  get isBusy(): boolean {
    return this.lagMs > busyLagMs;
  }

  private look(): void {
    const now = this.clock.monotonic();
    this.lagMs = Math.max(0, now - this.dueAt);
    this.dueAt = now + lookEveryMs;
  }
}
