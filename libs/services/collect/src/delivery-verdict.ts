/**
 * What became of one entry for one device, from the receipts of its connections. Must never say more than they prove:
 * `delivered` only where the entry is settled.
 */
import {
  type ConnectionRecord,
  type DeliveryReason,
  type DeliveryStatus,
  type Entry,
  fateOf,
  type Receipt,
  type Way,
} from '@carillon/domain';

/** What is known about an entry and a device. Times in epoch milliseconds. */
export interface DeviceFacts {
  readonly entry: Entry;
  readonly now: number;
  /** Receipts of the device (or of one connection that named none) that include the entry. */
  readonly receipts: readonly Receipt[];
  /** The device's own position is at or past the entry. */
  readonly isPast: boolean;
  /** Its newest connection since the entry, if any. */
  readonly connection?: ConnectionRecord;
  /** That connection has an end to be seen, or has been silent for too long to be alive. */
  readonly isConnected: boolean;
}

/** `sentAt` and `settledAt` in epoch milliseconds. */
export interface Verdict {
  readonly status: DeliveryStatus;
  readonly reason?: DeliveryReason;
  readonly sentAt?: number;
  readonly settledAt?: number;
  readonly connection?: string;
  readonly node?: string;
  readonly way?: Way;
}

/** The close code of a socket whose window stayed full. */
const slowConsumer = 4101;

/** Of several verdicts the one that came furthest. */
export function furthest(verdicts: readonly Verdict[]): Verdict | undefined {
  return verdicts.toSorted((one, other) => rank(one) - rank(other))[0];
}

export function verdictOf(facts: DeviceFacts): Verdict {
  const { entry, now, receipts } = facts;
  const sent = lastSent(receipts, entry.seq);
  const settled = firstSettled(receipts, entry.seq);
  const fate = fateOf(entry, now);
  if (settled && (sent || settled.at < entry.expiresAt) && !(entry.mark && !sent)) {
    return { ...settledVerdict(settled), ...sent };
  }
  // A position past a live entry is a settlement whose receipt is not there, or not yet.
  if (facts.isPast && fate === 'live') return { status: 'delivered', ...sent };
  if (fate !== 'live') return { status: fate, reason: fate, ...sent };
  return { status: sent ? 'sent' : 'queued', reason: waitsFor(facts), ...sent };
}

/** In the order of the statuses' worth to the person who asks. */
function rank({ status }: Verdict): number {
  return ['delivered', 'sent', 'failed', 'queued', 'expired', 'superseded', 'recalled'].indexOf(status);
}

function waitsFor({ isConnected, connection }: DeviceFacts): DeliveryReason {
  if (isConnected) return 'pending';
  return connection?.closeCode === slowConsumer ? 'slow_consumer' : 'offline';
}

interface Settled {
  readonly at: number;
  readonly mishap?: 'handler_failed' | 'unhandled';
}

function settledVerdict({ at, mishap }: Settled): Verdict {
  if (mishap) return { status: 'failed', reason: mishap, settledAt: at };
  return { status: 'delivered', settledAt: at };
}

/** A settlement by a handler counts before a failed one; of equals the earliest. */
function firstSettled(receipts: readonly Receipt[], seq: number): Settled | undefined {
  const found = receipts.flatMap((receipt) => settlementsIn(receipt, seq));
  return found.sort((one, other) => Number(!!one.mishap) - Number(!!other.mishap) || one.at - other.at)[0];
}

/** When and how the entry was settled on this connection. */
export function settlementsIn({ settled, failed, unhandled }: Receipt, seq: number): Settled[] {
  const ranges = settled.filter(({ from, to }) => from <= seq && seq <= to);
  return ranges.map(({ at }) => {
    if (failed.includes(seq)) return { at, mishap: 'handler_failed' };
    return unhandled.includes(seq) ? { at, mishap: 'unhandled' } : { at };
  });
}

function lastSent(receipts: readonly Receipt[], seq: number): Omit<Verdict, 'status'> | undefined {
  const found = receipts.flatMap(({ connection, node, sent }) =>
    sent
      .filter(({ from, to }) => from <= seq && seq <= to)
      .map(({ at, way }) => ({ sentAt: at, connection, node, way })),
  );
  return found.sort((one, other) => other.sentAt - one.sentAt)[0];
}
