/**
 * Doorbells: entries on their way to the nodes, as bytes. Serialised once, in Collect; Dispatch copies slices
 * and Push writes the frame as it is. Losing, doubling or reordering one costs latency only.
 *
 * Batch: u8 version, then per doorbell u32 length of what follows, u8 kind, u16 length of the log's key, f64
 * seq, f64 expiresAt, f64 acceptedAt (epoch ms), the log's key and the finished frame, both UTF-8. Big
 * endian.
 */
import type { LogKey } from './keys.js';

const version = 2;
const headBytes = 4 + 1 + 2 + 8 + 8 + 8;

/**
 * What a doorbell tells: an entry that is durable, with its `message` frame; that an entry was marked since,
 * without a frame; or a message that is in no log, with its `volatile` frame.
 */
export const doorbellKinds = ['entry', 'superseded', 'recalled', 'volatile'] as const;
export type DoorbellKind = (typeof doorbellKinds)[number];

/**
 * What Collect tells. `seq` of a volatile one is a random number, by which a doubled doorbell is known.
 */
export interface Doorbell {
  readonly kind: DoorbellKind;
  readonly log: LogKey;
  readonly seq: number;
  readonly acceptedAt: number;
  readonly expiresAt: number;
  readonly frame: string;
}

/**
 * A doorbell as bytes inside a batch;
 * `bytes` is the whole record and may be copied into another batch as it is.
 */
export interface DoorbellSlice {
  readonly log: LogKey;
  readonly bytes: Uint8Array;
}

/** A doorbell as Push reads it; `frame` is a view into the batch. */
export interface DoorbellView {
  readonly kind: DoorbellKind;
  readonly log: LogKey;
  readonly seq: number;
  readonly acceptedAt: number;
  readonly expiresAt: number;
  readonly frame: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Where records are written before their length is known; a record never outlives the call in here. */
let scratch = new Uint8Array(65_536);

/** The record of one doorbell, in bytes of its own. */
export function encodeDoorbell(bell: Doorbell): DoorbellSlice {
  const bytesMax = headBytes + 3 * (bell.log.length + bell.frame.length);
  if (scratch.length < bytesMax) scratch = new Uint8Array(bytesMax);
  const logBytes = encoder.encodeInto(bell.log, scratch.subarray(headBytes)).written;
  const frameBytes = encoder.encodeInto(bell.frame, scratch.subarray(headBytes + logBytes)).written;
  const view = new DataView(scratch.buffer);
  view.setUint32(0, headBytes - 4 + logBytes + frameBytes);
  view.setUint8(4, doorbellKinds.indexOf(bell.kind));
  view.setUint16(5, logBytes);
  view.setFloat64(7, bell.seq);
  view.setFloat64(15, bell.expiresAt);
  view.setFloat64(23, bell.acceptedAt);
  return { log: bell.log, bytes: scratch.slice(0, headBytes + logBytes + frameBytes) };
}

/** One batch of records, in the order given. */
export function joinDoorbells(slices: readonly DoorbellSlice[]): Uint8Array {
  let length = 1;
  for (const slice of slices) length += slice.bytes.length;
  const batch = new Uint8Array(length);
  batch[0] = version;
  let at = 1;
  for (const slice of slices) {
    batch.set(slice.bytes, at);
    at += slice.bytes.length;
  }
  return batch;
}

/** The records of a batch without their frames. @throws RangeError when it is no batch of this version. */
export function splitDoorbells(batch: Uint8Array): DoorbellSlice[] {
  return records(batch, (view, start, end) => ({
    log: logAt(batch, view, start),
    bytes: batch.subarray(start, end),
  }));
}

/** The doorbells of a batch. @throws RangeError when it is no batch of this version. */
export function readDoorbells(batch: Uint8Array): DoorbellView[] {
  return records(batch, (view, start, end) => ({
    kind: kindAt(view, start),
    log: logAt(batch, view, start),
    seq: view.getFloat64(start + 7),
    expiresAt: view.getFloat64(start + 15),
    acceptedAt: view.getFloat64(start + 23),
    frame: batch.subarray(start + headBytes + view.getUint16(start + 5), end),
  }));
}

function records<R>(batch: Uint8Array, read: (view: DataView, start: number, end: number) => R): R[] {
  if (batch[0] !== version) throw new RangeError(`doorbell batch of version ${batch[0]}, not ${version}`);
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const found: R[] = [];
  let start = 1;
  while (start < batch.length) {
    if (start + headBytes > batch.length) throw new RangeError('doorbell batch ends inside a record');
    const end = start + 4 + view.getUint32(start);
    const bodyBytes = end - start - headBytes;
    if (end > batch.length || bodyBytes < view.getUint16(start + 5)) {
      throw new RangeError('doorbell record is longer than its batch');
    }
    found.push(read(view, start, end));
    start = end;
  }
  return found;
}

function logAt(batch: Uint8Array, view: DataView, start: number): LogKey {
  const from = start + headBytes;
  return decoder.decode(batch.subarray(from, from + view.getUint16(start + 5))) as LogKey;
}

function kindAt(view: DataView, start: number): DoorbellKind {
  const kind = doorbellKinds[view.getUint8(start + 4)];
  if (!kind) throw new RangeError('doorbell of an unknown kind');
  return kind;
}
