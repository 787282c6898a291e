/**
 * Lets producers know that this Collect ends before their connections do: one that is kept alive then ends
 * after an answer and not under a request. Must never wait where nobody asks.
 */
import { Clock, sleep } from '@carillon/domain/ports';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { RequestCount } from './request-count.js';

/** So long a draining Collect still answers, with 503 and `Connection: close`. */
const lastCallMs = 1_000;
/** Without a request in this time there is nobody to tell. */
const busyWithinMs = 5_000;

@Injectable()
export class LastCall implements BeforeApplicationShutdown {
  constructor(
    private readonly requests: RequestCount,
    private readonly clock: Clock,
  ) {}

  /** Before the server closes. */
  async beforeApplicationShutdown(): Promise<void> {
    if (this.requests.idleMs < busyWithinMs) await sleep(this.clock, lastCallMs);
  }
}
