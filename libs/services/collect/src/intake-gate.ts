/**
 * Whether new messages may come in, and how those that may not are told.
 * Must be asked before anything is stored.
 */
import { type LogKey, logUser, userName } from '@carillon/domain';
import { ClockTrust, Random } from '@carillon/domain/ports';
import { Problem } from '@carillon/platform';
import { Injectable } from '@nestjs/common';
import { Appending } from './appending.js';
import { CollectOptions } from './collect-options.js';
import type { Outcome } from './outcome.js';
import type { Posting } from './posting.js';
import { Pressure } from './pressure.js';

/** Faults that one problem names at most. */
const faultsMax = 20;
/** Producers that are sent away come back spread over this time. */
const retryAfterMaxS = 3;

@Injectable()
export class IntakeGate {
  constructor(
    private readonly appending: Appending,
    private readonly pressure: Pressure,
    private readonly trust: ClockTrust,
    private readonly random: Random,
    private readonly options: CollectOptions,
  ) {}

  /** @throws Problem as `closed` says */
  pass(): void {
    const { closed } = this;
    if (closed) throw closed;
  }

  /**
   * 503 with Retry-After while the queue is full, the nodes are too busy, or the clock is not the store's:
   * what it stamped would expire at the wrong time. Undefined: come in. Cheap, for it is asked most when
   * there is most to do.
   */
  get closed(): Problem | undefined {
    if (!this.trust.isTrusted) {
      const detail = 'The clock of this server is wrong at the moment. Nothing was stored; try again.';
      return new Problem('overloaded', detail, this.later());
    }
    if (this.pressure.isHigh) {
      const detail = 'Messages come in faster than they can be delivered. Nothing was stored; try again.';
      return new Problem('overloaded', detail, this.later());
    }
    return this.appending.hasRoom ? undefined : this.refusal({ outcome: 'full' });
  }

  /** The problem of a posting that was not accepted. `pointer` precedes that of its fields. */
  refusal(outcome: Outcome | undefined, posting?: Posting, pointer = ''): Problem {
    switch (outcome?.outcome) {
      case 'unacked':
        return this.tooManyUnacked(outcome.places, posting, pointer);
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

  private tooManyUnacked(places: readonly number[], posting: Posting | undefined, pointer: string): Problem {
    const max = this.options.unackedEntriesMax;
    const detail = `At most ${max} messages wait for one user: send less, or with a shorter ttl.`;
    const users = places.map((place) => userNameOf(posting?.logs[place]));
    const errors = users.slice(0, faultsMax).map((user) => ({
      pointer: `${pointer}/to`,
      code: 'not_allowed' as const,
      detail: `${user} has not collected what waits already`,
    }));
    return new Problem('too_many_unacked', detail, { ...this.later(), errors });
  }

  private later() {
    return { retryAfterS: 1 + Math.floor(this.random.next() * retryAfterMaxS) };
  }
}

function userNameOf(log: LogKey | undefined): string {
  const user = log && logUser(log);
  return user ? `user:${userName(user)}` : 'An addressee';
}
