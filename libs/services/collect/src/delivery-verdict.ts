/**
 * What became of one entry for one device, from the receipts of its connections. Must never say more than
 * they prove: `delivered` only where the entry is settled.
 */
import {
  type ConnectionRecord,
  type DeliveryReason,
  type DeliveryStatus,
  type Entry,
  fateOf,
  type Receipt,
  type TimedRange,
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

/** Receipts by device, or by connection where there is none. */
export function receiptsByDevice(receipts: readonly Receipt[]): Map<string, Receipt[]> {
  return Map.groupBy(receipts, ({ device, connection }) => device ?? connection);
}

/** Of several verdicts the one that came furthest. */
export function furthest(verdicts: readonly Verdict[]): Verdict | undefined {
  return verdicts.toSorted((one, other) => rank(one) - rank(other))[0];
}

export function verdictOf(facts: DeviceFacts): Verdict {
  const { entry, now, receipts } = facts;
  const sent = lastSent(receipts, entry.seq);
  const [settled] = settlementsOf(entry, receipts);
  const fate = fateOf(entry, now);
  if (settled) return { ...settledVerdict(settled), ...sent };
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

/** A proven settlement: by a handler, or by its failure. */
export interface Settlement {
  readonly at: number;
  readonly mishap?: 'handler_failed' | 'unhandled';
  readonly receipt: Receipt;
}

/**
 * Settlements that prove a delivery; those by a handler before failed ones, of equals the earliest first.
 * Settled without having been sent on that connection means that an acknowledgement came late, or that the
 * entry was passed over because it was not to be shown any more: only what cannot be the second counts.
 */
export function settlementsOf(entry: Entry, receipts: readonly Receipt[]): Settlement[] {
  const sentOn = new Set(
    receipts.flatMap((each) => (includes(each.sent, entry.seq) ? [each.connection] : [])),
  );
  const found = receipts.flatMap((receipt) =>
    settledAt(receipt, entry.seq).filter(
      ({ at, mishap }) => mishap !== undefined || sentOn.has(receipt.connection) || wasShown(entry, at),
    ),
  );
  return found.sort((one, other) => Number(!!one.mishap) - Number(!!other.mishap) || one.at - other.at);
}

function wasShown({ mark, expiresAt }: Entry, at: number): boolean {
  return at < expiresAt && mark !== 'recalled' && mark !== 'superseded';
}

function settledVerdict({ at, mishap }: Settlement): Verdict {
  if (mishap) return { status: 'failed', reason: mishap, settledAt: at };
  return { status: 'delivered', settledAt: at };
}

function settledAt(receipt: Receipt, seq: number): Settlement[] {
  return receipt.settled
    .filter((range) => includes([range], seq))
    .map(({ at }) => {
      if (receipt.failed.includes(seq)) return { at, mishap: 'handler_failed', receipt };
      return receipt.unhandled.includes(seq) ? { at, mishap: 'unhandled', receipt } : { at, receipt };
    });
}

function includes(ranges: readonly TimedRange[], seq: number): boolean {
  return ranges.some(({ from, to }) => from <= seq && seq <= to);
}

function lastSent(receipts: readonly Receipt[], seq: number): Omit<Verdict, 'status'> | undefined {
  const found = receipts.flatMap(({ connection, node, sent }) =>
    sent
      .filter((range) => includes([range], seq))
      .map(({ at, way }) => ({ sentAt: at, connection, node, way })),
  );
  return found.sort((one, other) => other.sentAt - one.sentAt)[0];
}
