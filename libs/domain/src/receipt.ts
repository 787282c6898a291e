/**
 * Receipts: what a connection was sent and what it settled, kept as ranges. Together with the entry and the
 * connection they answer what became of a message for one device.
 */
import type { DeviceKey, LogKey, UserKey } from './keys.js';

/** Entries `from` … `to` (inclusive) that share one instant, epoch milliseconds. */
export interface TimedRange {
  readonly from: number;
  readonly to: number;
  readonly at: number;
}

/** How an entry reached the pump: pushed live, replayed at a resume, or found by anti-entropy. */
export type Way = 'live' | 'replay' | 'anti-entropy';

/** What a flush adds to the receipt of one connection, log and 10 minutes. `id` names that row. */
export interface ReceiptAddition {
  /** `<connection>@<log>#<bucket>` */
  readonly id: string;
  readonly log: LogKey;
  readonly user: UserKey;
  /** Absent for an ephemeral device. */
  readonly device?: DeviceKey;
  readonly connection: string;
  readonly node: string;
  readonly sent: readonly (TimedRange & { readonly way: Way })[];
  readonly settled: readonly TimedRange[];
  /** Settled, but the handler threw or ran out of time. */
  readonly failed: readonly number[];
  /** Settled, but no handler matched. */
  readonly unhandled: readonly number[];
}

/** A row as stored: all additions of its id together. */
export type Receipt = ReceiptAddition;

/** One socket, from its verdict to its end. Times are epoch milliseconds. */
export interface ConnectionRecord {
  readonly id: string;
  readonly user: UserKey;
  readonly device?: DeviceKey;
  readonly node: string;
  readonly transport: 'websocket';
  readonly app?: string;
  readonly openedAt: number;
  readonly closedAt?: number;
  readonly closeCode?: number;
  /** How far the user's log was sent on it, and how far settled, when it ended. */
  readonly sent?: number;
  readonly settled?: number;
}

/** A device of a user and when it was last seen. */
export interface Device {
  readonly key: DeviceKey;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly app?: string;
}

/** Receipts of one connection and log share a row for this long. */
export const receiptBucketMs = 600_000;

/** The row to which a receipt at this time belongs. */
export function receiptId(connection: string, log: LogKey, at: number): string {
  return `${connection}@${log}#${Math.floor(at / receiptBucketMs)}`;
}
