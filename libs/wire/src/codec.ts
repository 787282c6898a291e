/** Text to frame and back. Decoding is total: whatever arrives, it answers and never throws, and what it lets
 *  through has every field in its known range. Must never depend on anything outside this lib. */
import type { Field } from './field.js';
import { isObject } from './field.js';
import type { ClientFrame, ServerFrame } from './frames.js';
import { limits } from './limits.js';
import { clientShapes, resultFailure, resultSuccess, serverShapes } from './shapes.js';

/** A frame, or the reason why there is none: one sentence that quotes no payload. */
export type Decoded<F> =
  | { readonly ok: true; readonly frame: F }
  | { readonly ok: false; readonly reason: string };

/** The parts of a `message` frame, with payloads as finished JSON text. */
export interface MessageParts {
  readonly log: string;
  readonly seq: number;
  readonly id: string;
  readonly event: string;
  readonly dataJson?: string;
  readonly notificationJson?: string;
  readonly sentAt: number;
  readonly expiresAt?: number;
  readonly replay?: boolean;
}

/** The parts of a `volatile` frame. */
export type VolatileParts = Omit<MessageParts, 'seq' | 'expiresAt' | 'replay'>;

/** Never throws. Unknown fields are dropped (a newer peer may send them), an unknown `type` is refused. */
export function decodeClientFrame(text: string): Decoded<ClientFrame> {
  const parsed = parse(text, limits.frameBytesMax);
  if (!parsed.ok) return parsed;
  return pick<ClientFrame>(parsed.frame, shapeFor(clientTable, parsed.frame));
}

/** Never throws. Unknown fields are dropped (a newer peer may send them), an unknown `type` is refused. */
export function decodeServerFrame(text: string): Decoded<ServerFrame> {
  const parsed = parse(text, limits.serverFrameBytesMax);
  if (!parsed.ok) return parsed;
  const { type, ok } = parsed.frame;
  const shape = type === 'result' ? resultShape(ok) : shapeFor(serverTable, parsed.frame);
  const decoded = pick<ServerFrame>(parsed.frame, shape);
  if (decoded.ok && decoded.frame.type === 'skip' && decoded.frame.from > decoded.frame.to) {
    return refuse('skip.to must not be below skip.from');
  }
  return decoded;
}

/** One frame as text, such that decoding gives the same frame. */
export function encodeFrame(frame: ClientFrame | ServerFrame): string {
  return JSON.stringify(frame);
}

/**
 * A `message` frame from finished JSON payloads, without parsing them: the same text that `encodeFrame` makes
 * of the decoded frame, provided that the payloads were made by `JSON.stringify`.
 */
export function encodeMessage(parts: MessageParts): string {
  const { expiresAt } = parts;
  let text = `{"type":"message","log":${JSON.stringify(parts.log)},"seq":${parts.seq},${contentOf(parts)}`;
  if (expiresAt !== undefined) text += `,"expiresAt":${expiresAt}`;
  return parts.replay === true ? `${text},"replay":true}` : `${text}}`;
}

/** A `volatile` frame from finished JSON payloads, as `encodeMessage` makes a `message` frame. */
export function encodeVolatile(parts: VolatileParts): string {
  return `{"type":"volatile","log":${JSON.stringify(parts.log)},${contentOf(parts)}}`;
}

function contentOf({ id, event, dataJson, notificationJson, sentAt }: VolatileParts): string {
  let text = `"id":${JSON.stringify(id)},"event":${JSON.stringify(event)}`;
  if (dataJson !== undefined) text += `,"data":${dataJson}`;
  if (notificationJson !== undefined) text += `,"notification":${notificationJson}`;
  return `${text},"sentAt":${sentAt}`;
}

type JsonObject = Readonly<Record<string, unknown>>;
type Fields = readonly (readonly [string, Field<unknown>])[];

const clientTable = tableOf(clientShapes);
const serverTable = tableOf(serverShapes);
const successFields = Object.entries(resultSuccess) as Fields;
const failureFields = Object.entries(resultFailure) as Fields;

function tableOf(shapes: Readonly<Record<string, object>>): ReadonlyMap<unknown, Fields> {
  return new Map(Object.entries(shapes).map(([type, shape]) => [type, Object.entries(shape) as Fields]));
}

function shapeFor(table: ReadonlyMap<unknown, Fields>, frame: JsonObject): Fields | undefined {
  return table.get(frame.type);
}

function resultShape(ok: unknown): Fields {
  return ok === false ? failureFields : successFields;
}

function parse(text: string, bytesMax: number): Decoded<JsonObject> {
  // UTF-16 units never outnumber the bytes of UTF-8; the socket counts bytes exactly.
  if (text.length > bytesMax) return refuse(`a frame has at most ${bytesMax} bytes`);
  try {
    const frame: unknown = JSON.parse(text);
    return isObject(frame) ? { ok: true, frame } : refuse('a frame must be a JSON object');
  } catch {
    // JSON.parse says no more than that the text is not JSON, and quotes it, which a reason must not.
    return refuse('a frame must be JSON');
  }
}

function pick<F>(frame: JsonObject, fields: Fields | undefined): Decoded<F> {
  if (fields === undefined) return refuse('type is not one of this direction');
  const picked: Record<string, unknown> = {};
  for (const [key, field] of fields) {
    const value = frame[key];
    if (value === undefined) {
      if (field.isOptional) continue;
      return refuse(`${String(frame.type)}.${key} is missing`);
    }
    if (!field.rule.accepts(value)) return refuse(`${String(frame.type)}.${key} ${field.rule.words}`);
    picked[key] = value;
  }
  return { ok: true, frame: picked as F };
}

function refuse(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}
