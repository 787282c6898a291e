/**
 * Messages for later, as they are accepted and cancelled. Must never append: that is done when their time has
 * come (firing.ts).
 */
import { PooledCall, tenantOf } from '@carillon/domain';
import { Clock, MessageLog, PortError, Schedule, type ScheduledMessage } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import type { Outcome } from './outcome.js';
import type { Posting } from './posting.js';

const findBounds = { questionsMax: 200, callsMax: 2 };

@Injectable()
export class Scheduling {
  private readonly finds: PooledCall<string, ScheduledMessage | undefined>;

  constructor(
    private readonly schedule: Schedule,
    private readonly log: MessageLog,
    private readonly clock: Clock,
  ) {
    this.finds = new PooledCall(async (ids) => {
      const found = new Map((await schedule.find(ids)).map((each) => [each.id, each]));
      return (id) => found.get(id);
    }, findBounds);
  }

  /** What is known of this id. Never stale. @throws PortUnavailable */
  find(id: string): Promise<ScheduledMessage | undefined> {
    return this.finds.ask(id);
  }

  /** Durable when it resolves with `accepted`. A store that is away leaves it `unconfirmed`. */
  async accept(posting: Posting): Promise<Outcome> {
    try {
      return (await this.ofEarlier(posting)) ?? (await this.add(posting));
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      return { outcome: 'unconfirmed' };
    }
  }

  /** The outcome of a keyed message that is to be appended now, where its key stands for a scheduled one. */
  async ofScheduled(posting: Posting): Promise<Outcome | undefined> {
    try {
      const stored = await this.find(posting.messageId);
      return stored && asReplay(posting, stored);
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      return { outcome: 'unconfirmed' };
    }
  }

  /** Whether its id is in a log. What cannot be asked is not known. */
  async isAppended({ messageId }: Posting): Promise<boolean> {
    try {
      return (await this.log.ofMessage(messageId)).length > 0;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      return false;
    }
  }

  /** A key may stand for a message that is in its log already. */
  private async ofEarlier(posting: Posting): Promise<Outcome | undefined> {
    if (!posting.isKeyed) return undefined;
    const stored = await this.find(posting.messageId);
    if (stored) return asReplay(posting, stored);
    const [first] = await this.log.ofMessage(posting.messageId);
    if (!first) return undefined;
    const isSame = first.origin?.fingerprint === posting.first.origin?.fingerprint;
    return isSame ? { outcome: 'accepted', first, isReplay: true } : { outcome: 'reused' };
  }

  private async add(posting: Posting): Promise<Outcome> {
    const acceptedAt = this.clock.now();
    const own = {
      id: posting.messageId,
      tenant: tenantOf(posting.first.log),
      fingerprint: posting.first.origin?.fingerprint ?? '',
      posting: JSON.stringify(posting),
      recipients: posting.logs.length,
      acceptedAt,
      dueAt: posting.dueAt ?? acceptedAt,
    };
    const stored = await this.schedule.add(own);
    if (stored.posting !== own.posting) return asReplay(posting, stored);
    return { outcome: 'accepted', first: acceptedOf(posting, stored), isReplay: false };
  }
}

/** What was scheduled, as it came in. */
export function scheduledPosting({ posting }: ScheduledMessage): Posting {
  return JSON.parse(posting) as Posting;
}

function asReplay(posting: Posting, stored: ScheduledMessage): Outcome {
  if (stored.fingerprint !== posting.first.origin?.fingerprint) return { outcome: 'reused' };
  return { outcome: 'accepted', first: acceptedOf(posting, stored), isReplay: true };
}

function acceptedOf({ ttlMs }: Posting, { acceptedAt, dueAt }: ScheduledMessage) {
  return { acceptedAt, dueAt, expiresAt: dueAt + ttlMs };
}
