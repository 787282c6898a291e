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

/** A row of its own for every flush, also when one is repeated: nothing is asked or changed by writing it. */
export function receiptToRow(addition: ReceiptAddition, createdAt: Date): ReceiptRow {
  const { id, sent, settled, failed, unhandled, ...fixed } = addition;
  const ends = [...sent, ...settled].flatMap(({ from, to }) => [from, to]);
  const seqs = [...ends, ...failed, ...unhandled];
  const lists = Object.entries({ sent, settled, failed, unhandled }).filter(([, list]) => list.length > 0);
  return {
    _id: `${id}#${new mongo.ObjectId().toHexString()}`,
    ...fixed,
    ...Object.fromEntries(lists),
    ...boundsOf(seqs),
    createdAt,
  };
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

function boundsOf(seqs: readonly number[]): Pick<ReceiptRow, 'from' | 'to' | 'isWide'> {
  if (seqs.length === 0) return {};
  const [from, to] = [Math.min(...seqs), Math.max(...seqs)];
  return { from, to, ...(to - from > spanMax ? { isWide: true } : {}) };
}
