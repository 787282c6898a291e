/**
 * Whether new messages may come in, and how those that may not are told.
 * Must be asked before anything is stored.
 */
import { Random } from '@carillon/domain/ports';
import { Problem } from '@carillon/platform';
import { Injectable } from '@nestjs/common';
import { Appending, type Outcome } from './appending.js';
import { Pressure } from './pressure.js';

/** Producers that are sent away come back spread over this time. */
const retryAfterMaxS = 3;

@Injectable()
export class IntakeGate {
  constructor(
    private readonly appending: Appending,
    private readonly pressure: Pressure,
    private readonly random: Random,
  ) {}

  /** @throws Problem 503 with Retry-After while the queue is full or the nodes are too busy */
  pass(): void {
    if (this.pressure.isHigh) {
      const detail = 'Messages come in faster than they can be delivered. Nothing was stored; try again.';
      throw new Problem('overloaded', detail, this.later());
    }
    if (!this.appending.hasRoom) throw this.refusal({ outcome: 'full' });
  }

  /** The problem of a posting that was not accepted. */
  refusal(outcome: Outcome | undefined): Problem {
    switch (outcome?.outcome) {
      case 'reused':
        return new Problem(
          'idempotency_key_reused',
          'This key was used for another message: send the same body and addressees, or another key.',
        );
      case 'full':
        return new Problem('overloaded', 'Too many messages wait to be stored. Try again.', this.later());
      default:
        return new Problem(
          'store_unavailable',
          'The message could not be confirmed as stored. Try again, with the same idempotency key.',
          this.later(),
        );
    }
  }

  private later() {
    return { retryAfterS: 1 + Math.floor(this.random.next() * retryAfterMaxS) };
  }
}
