/**
 * Who follows which log, with all that hangs on it: doorbells find the pump, the node hears the log, and
 * what nobody follows any more is let go.
 */
import { Injectable } from '@nestjs/common';
import { LogSubjects } from '../delivery/log-subjects.js';
import { ReceiptBook } from '../delivery/receipt-book.js';
import type { Pump } from './pump.js';
import { Registry } from './registry.js';
import { Rings } from './ring.js';
import type { StartPoint } from './start-point.js';

@Injectable()
export class Following {
  constructor(
    private readonly registry: Registry,
    private readonly rings: Rings,
    private readonly subjects: LogSubjects,
    private readonly book: ReceiptBook,
  ) {}

  /**
   * Resolves when its doorbells come in (A5), of topics and `all`; the inbox has a route for that.
   */
  async begin(pump: Pump): Promise<void> {
    this.registry.follow(pump);
    if (!pump.isInbox) await this.subjects.open(pump.log);
  }

  /** It writes from now on. What the client knew of its position and the store did not goes to the ledger. */
  start(pump: Pump, { from, head, page, isAhead }: StartPoint): void {
    pump.start(from, head, page);
    if (isAhead && !pump.waiting) this.book.touch(pump);
  }

  /** What is still to be told of the pump goes to the ledger. Idempotent. */
  end(pump: Pump): void {
    pump.stop();
    this.book.leave(pump);
    if (!this.registry.unfollow(pump)) return;
    this.rings.drop(pump.log);
    if (!pump.isInbox) this.subjects.leave(pump.log);
  }
}
