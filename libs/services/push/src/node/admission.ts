/** Who may come in at all, before anything is spent on them: a steady rate with a burst, and a maximum. */
import { Clock, Random } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { PushOptions } from '../push-options.js';

/** Those refused are asked to come back after a second and up to this much more. */
const retrySpreadS = 4;

@Injectable()
export class Admission {
  private left: number;
  private filledAt: number;
  private open = 0;

  constructor(
    private readonly options: PushOptions,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {
    this.left = options.admissionBurst;
    this.filledAt = clock.monotonic();
  }

  /**
   * Takes one place in the bucket. @returns undefined when admitted, else the seconds after which to try
   * again.
   */
  refuseForS(): number | undefined {
    const now = this.clock.monotonic();
    const refill = ((now - this.filledAt) * this.options.admissionPerSecond) / 1000;
    this.left = Math.min(this.options.admissionBurst, this.left + refill);
    this.filledAt = now;
    if (this.left < 1 || this.open >= this.options.connectionsMax) {
      return 1 + Math.floor(this.random.next() * retrySpreadS);
    }
    this.left--;
    return undefined;
  }

  opened(): void {
    this.open++;
  }

  closed(): void {
    this.open--;
  }
}
