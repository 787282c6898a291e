/**
 * Answers what became of a message, from the log, the receipts, the positions and the schedule. Only reads;
 * must never answer a tenant about another's message.
 */
import {
  type DeliveryStatusName,
  deliveryStatus,
  isoTime,
  type MessageAnswer,
  type MessageStatusName,
  messageIdPattern,
  messageLinks,
} from '@carillon/api';
import {
  type Draft,
  type Entry,
  isUserLog,
  logUser,
  type Receipt,
  tenantOf,
  type UserKey,
} from '@carillon/domain';
import {
  Clock,
  Cursors,
  MessageLog,
  Receipts,
  Schedule,
  type ScheduledMessage,
} from '@carillon/domain/ports';
import { Problem } from '@carillon/platform';
import { Injectable } from '@nestjs/common';
import { furthest, receiptsByDevice, settlementsOf, type Verdict, verdictOf } from './delivery-verdict.js';
import { scheduledPosting } from './scheduling.js';

/** Whose message, and which. */
export interface MessageRef {
  readonly tenant: string;
  readonly id: string;
}

@Injectable()
export class Ledger {
  constructor(
    private readonly log: MessageLog,
    private readonly receipts: Receipts,
    private readonly cursors: Cursors,
    private readonly schedule: Schedule,
    private readonly clock: Clock,
  ) {}

  /** @throws Problem not_found */
  async message({ tenant, id }: MessageRef): Promise<MessageAnswer> {
    const entries = messageIdPattern.test(id) ? await this.log.ofMessage(id) : [];
    const [first] = entries;
    if (!first) return this.scheduled({ tenant, id });
    if (tenantOf(first.log) !== tenant) throw unknown();
    // Followers of a topic, and everybody, are not counted: there may be a million of them.
    const counts = isUserLog(first.log) ? await this.countsOf(entries) : undefined;
    return {
      ...answerOf(id, first, entries.length),
      status: this.statusOf(first, counts),
      ...(counts ? { counts } : {}),
    };
  }

  private async scheduled({ tenant, id }: MessageRef): Promise<MessageAnswer> {
    const [found] = messageIdPattern.test(id) ? await this.schedule.find([id]) : [];
    if (!found || found.tenant !== tenant) throw unknown();
    const posting = scheduledPosting(found);
    const status = found.state === 'cancelled' ? 'cancelled' : 'scheduled';
    return { ...answerOf(id, posting.first, found.recipients), status, sendAt: sendAtOf(found) };
  }

  private async countsOf(entries: readonly Entry[]): Promise<Counts> {
    const now = this.clock.now();
    const positions = await this.cursors.furthest(entries.map(({ log }) => log));
    const places = entries.map(({ log, seq }) => ({ log, seq, user: logUser(log) as UserKey }));
    const found = await this.receipts.ofEntries(places);
    const statuses = entries.map((entry, at) => {
      const receipts = found[at] ?? [];
      const isSettled = settlementsOf(entry, receipts).length > 0;
      const isPast = !isSettled && (positions.get(entry.log) ?? 0) >= entry.seq;
      const judge = (own: readonly Receipt[]) =>
        verdictOf({ entry, now, receipts: own, isPast: isPast && own.length === 0, isConnected: false });
      const verdicts = [...receiptsByDevice(receipts).values(), []].map(judge);
      return (furthest(verdicts) as Verdict).status;
    });
    const counts = Object.fromEntries(deliveryStatus.options.map((status) => [status, 0]));
    for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
    return counts as Counts;
  }

  private statusOf({ expiresAt }: Entry, counts: Counts | undefined): MessageStatusName {
    if (!counts) return expiresAt <= this.clock.now() ? 'done' : 'accepted';
    const isOver = expiresAt <= this.clock.now() || counts.queued + counts.sent === 0;
    if (!isOver) return 'accepted';
    return counts.delivered + counts.failed === 0 && counts.expired > 0 ? 'expired' : 'done';
  }
}

type Counts = Record<DeliveryStatusName, number>;

function answerOf(id: string, first: Draft, recipients: number): Omit<MessageAnswer, 'status'> {
  const { event, acceptedAt, expiresAt, origin } = first;
  return {
    id,
    event,
    recipients: origin?.recipients ?? recipients,
    acceptedAt: isoTime(acceptedAt),
    expiresAt: isoTime(expiresAt),
    ...(origin?.externalId === undefined ? {} : { externalId: origin.externalId }),
    ...(origin?.metadata === undefined
      ? {}
      : { metadata: JSON.parse(origin.metadata) as Record<string, string> }),
    links: messageLinks(id),
  };
}

function sendAtOf({ dueAt }: ScheduledMessage): string {
  return isoTime(dueAt);
}

function unknown(): Problem {
  return new Problem('not_found', 'There is no message with this id.');
}
