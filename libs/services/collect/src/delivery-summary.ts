/** The support answer's one sentence. Must be true for somebody who reads nothing else. */
import type { DeliveryReason } from '@carillon/domain';
import type { Verdict } from './delivery-verdict.js';

export interface SummaryFacts {
  readonly messageId: string;
  readonly event: string;
  readonly user: string;
  readonly acceptedAt: number;
  /** Of the user as a whole. */
  readonly overall: Verdict;
  /** Of each device. */
  readonly verdicts: readonly Verdict[];
  /** When the page said that it was read. */
  readonly readAt?: number | undefined;
}

/** "Message msg_… (order.paid) for user 42: DELIVERED to 1 of 2 devices, 184 ms after it was accepted." */
export function summaryOf(facts: SummaryFacts): string {
  const { messageId, event, user, overall } = facts;
  const fate = `${overall.status.toUpperCase()}${rest(facts)}${read(facts)}`;
  return `Message ${messageId} (${event}) for user ${user}: ${fate}.`;
}

function rest({ overall, verdicts, acceptedAt }: SummaryFacts): string {
  const { status, reason, sentAt, settledAt } = overall;
  const share = `${count(verdicts, status)} of ${devices(verdicts.length)}`;
  switch (status) {
    case 'delivered':
      return ` to ${share}${after(settledAt, acceptedAt)}`;
    case 'sent':
      return ` to ${share}${after(sentAt, acceptedAt)}, ${waiting(reason)}`;
    case 'failed':
      return ` on ${share}: ${waiting(reason)}`;
    case 'queued':
      return `: ${waiting(reason)}`;
    case 'expired':
      return ' before a device had confirmed it';
    default:
      return '';
  }
}

const sentences: Partial<Record<DeliveryReason, string>> = {
  pending: 'a device is connected and has not confirmed it yet',
  offline: 'it waits until a device of the user connects',
  slow_consumer:
    'the connection was closed because the page did not keep up; it waits until the page is back',
  handler_failed: 'a handler of the page threw an error or ran out of time',
  unhandled: 'the page has no handler for this event',
  no_devices: 'no device of this user has ever connected; it waits until one does',
};

function waiting(reason: DeliveryReason | undefined): string {
  return (reason && sentences[reason]) ?? 'it is on its way';
}

function read({ readAt, acceptedAt, overall }: SummaryFacts): string {
  if (readAt === undefined) return '';
  return `; read ${duration(readAt - (overall.settledAt ?? acceptedAt))} later`;
}

function after(at: number | undefined, acceptedAt: number): string {
  return at === undefined ? '' : `, ${duration(at - acceptedAt)} after it was accepted`;
}

function count(verdicts: readonly Verdict[], status: Verdict['status']): number {
  return verdicts.filter((verdict) => verdict.status === status).length;
}

function devices(count: number): string {
  return count === 1 ? '1 device' : `${count} devices`;
}

function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}
