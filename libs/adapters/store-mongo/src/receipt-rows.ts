/**
 * Additions to receipts as rows, and how the rows around an entry are found. A look-up must stay short
 * however many rows a busy device has left in 30 days.
 */
import type { LogKey, Receipt, ReceiptAddition, UserKey } from '@carillon/domain';
import type { ReceiptPlace } from '@carillon/domain/ports';
import { mongo } from 'mongoose';
import type { ReceiptRow } from './rows.js';

/** Rows that span more seqs are few, and found by an index of their own. */
const spanMax = 256;
const suffixLength = 25;
const emptyLists = { sent: [], settled: [], failed: [], unhandled: [] } as const;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A row of its own for every flush, also when one is repeated: nothing is asked or changed by writing it. */
export function receiptToRow(addition: ReceiptAddition, createdAt: Date): ReceiptRow {
  const { id, sent, settled, failed, unhandled, ...fixed } = addition;
  const row: Writable<ReceiptRow> = {
    _id: `${id}#${new mongo.ObjectId().toHexString()}`,
    ...fixed,
    ...boundsOf(addition),
    createdAt,
  };
  if (sent.length > 0) row.sent = sent;
  if (settled.length > 0) row.settled = settled;
  if (failed.length > 0) row.failed = failed;
  if (unhandled.length > 0) row.unhandled = unhandled;
  return row;
}

export function receiptFromRow(row: ReceiptRow): Receipt {
  const { _id, from: _from, to: _to, isWide: _isWide, createdAt: _createdAt, ...rest } = row;
  return { id: receiptIdOf(_id), ...emptyLists, ...rest };
}

/** The receipt to which a row belongs. */
export function receiptIdOf(rowId: string): string {
  return rowId.slice(0, -suffixLength);
}

/** The ids of a receipt's rows, and of a few others perhaps. "$" is the character after "#". */
export function receiptRange(id: string): { readonly $gte: string; readonly $lt: string } {
  return { $gte: `${id}#`, $lt: `${id}$` };
}

/** The rows that may hold these places; the plan is held by a test. */
export function rowsAround(places: readonly ReceiptPlace[]): mongo.Filter<ReceiptRow> {
  return { $or: places.flatMap(({ user, log, seq }) => [narrowAt(user, log, seq), wideAt(user, log, seq)]) };
}

function narrowAt(user: UserKey, log: LogKey, seq: number): mongo.Filter<ReceiptRow> {
  return { user, log, to: { $gte: seq, $lte: seq + spanMax }, from: { $lte: seq } };
}

function wideAt(user: UserKey, log: LogKey, seq: number): mongo.Filter<ReceiptRow> {
  return { user, log, isWide: true, to: { $gt: seq + spanMax }, from: { $lte: seq } };
}

function boundsOf(addition: ReceiptAddition): Pick<ReceiptRow, 'from' | 'to' | 'isWide'> {
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const take = (from: number, to: number) => {
    lowest = Math.min(lowest, from);
    highest = Math.max(highest, to);
  };
  for (const { from, to } of addition.sent) take(from, to);
  for (const { from, to } of addition.settled) take(from, to);
  for (const seq of addition.failed) take(seq, seq);
  for (const seq of addition.unhandled) take(seq, seq);
  if (highest < lowest) return {};
  return { from: lowest, to: highest, ...(highest - lowest > spanMax ? { isWide: true } : {}) };
}
