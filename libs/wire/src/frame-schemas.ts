/**
 * The frames as JSON Schema (draft 2020-12), for documents and clients in other languages. Must never be
 * imported by the decoder or the SDK: a page does not carry it. Which fields must be there comes from the
 * shapes; what each may be is held equal to the decoder by tests/contract.
 */
import type { Field } from './field.js';
import type { ClientFrame, ResultFailure, ResultSuccess, ServerFrame } from './frames.js';
import { limits } from './limits.js';
import { namePattern, topicPrefix } from './names.js';
import { clientShapes, resultFailure, resultSuccess, serverShapes } from './shapes.js';

/** A schema as it is written into a document. */
export type JsonSchema = { readonly [keyword: string]: unknown };

export interface FrameSchemas {
  readonly client: Readonly<Record<ClientFrame['type'], JsonSchema>>;
  readonly server: Readonly<Record<ServerFrame['type'], JsonSchema>>;
}

/**
 * A schema for every frame, by direction and `type`. Unknown fields are allowed: a newer peer may send them.
 * What JSON Schema cannot say stays with the decoder: bytes of a frame, depth of `data`, lengths in UTF-16
 * units, `skip.from` not above `skip.to`, no minus zero.
 */
export function frameSchemas(): FrameSchemas {
  return {
    client: schemasOf(clientFields, clientShapes),
    server: {
      ...schemasOf(serverFields, serverShapes),
      result: {
        oneOf: [schemaOf('result', success, resultSuccess), schemaOf('result', failure, resultFailure)],
      },
    },
  };
}

/** One schema per field; `type` is the frame's own name. */
type Fields<F> = { readonly [K in Exclude<keyof F, 'type'>]-?: JsonSchema };
type FieldsOf<F extends { type: string }> = { readonly [T in F['type']]: Fields<Extract<F, { type: T }>> };
type ShapeOf = Readonly<Record<string, Field<unknown>>>;

const namePatternText = namePattern.source.slice(1, -1);
const logPattern = `^(?:user|all|${topicPrefix}${namePatternText})$`;
// A session follows its topics, `user` and `all`.
const logsMax = limits.topicsPerSessionMax + 2;

const name: JsonSchema = { type: 'string', pattern: namePattern.source };
const logName: JsonSchema = { type: 'string', pattern: logPattern };
const count: JsonSchema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const entrySeq: JsonSchema = { ...count, minimum: 1 };
const flag: JsonSchema = { type: 'boolean' };
const errorCode: JsonSchema = { type: 'string', pattern: '^[a-z][a-z_]{0,63}$' };
const json: JsonSchema = {};
const title = text(0, limits.textMax);
const seqs = listOf(entrySeq, limits.ackWindow);
const read: Fields<Extract<ClientFrame, { type: 'read' }>> = { ids: listOf(name, limits.readIdsMax) };
const logStart = { from: count, head: count, resumed: flag };

const notification = object(
  { title: text(1, limits.textMax), body: text(0, limits.dataBytesMax), url: text(0, limits.dataBytesMax) },
  ['title'],
);

const clientFields: FieldsOf<ClientFrame> = {
  hello: {
    user: name,
    device: name,
    instance: name,
    epoch: name,
    cursors: perLog(count),
    topics: listOf(name, limits.topicsPerSessionMax),
    app: text(0, limits.textMax),
  },
  ack: { log: logName, seq: count, failed: seqs, unhandled: seqs },
  read,
  subscribe: { topic: name, cursor: count },
  unsubscribe: { topic: name },
  call: { ref: name, method: name, data: json },
  token: { token: text(1, limits.tokenBytesMax) },
  pong: {},
};

const content = { id: name, event: name, data: json, notification, sentAt: count };

const serverFields: Omit<FieldsOf<ServerFrame>, 'result'> = {
  welcome: {
    connection: name,
    node: name,
    epoch: name,
    user: name,
    device: name,
    logs: perLog(object(logStart)),
    heartbeatMs: entrySeq,
    window: entrySeq,
    tokenExpiresAt: count,
    limits: object({ frameBytesMax: entrySeq, ackWindowBytes: entrySeq, topicsPerSessionMax: entrySeq }),
  },
  message: { log: logName, seq: entrySeq, ...content, expiresAt: count, replay: { const: true } },
  volatile: { log: logName, ...content },
  skip: {
    log: logName,
    from: entrySeq,
    to: entrySeq,
    reason: { enum: ['expired', 'superseded', 'recalled', 'poison', 'unauthorised'] },
  },
  read,
  subscribed: { log: logName, ...logStart },
  unsubscribed: { log: logName },
  'token-accepted': { expiresAt: count },
  ping: {},
  drain: { withinMs: count },
  error: { code: errorCode, title, retryable: flag, ref: name },
};

const success: Fields<ResultSuccess> = { ref: name, ok: { const: true }, data: json };
const failure: Fields<ResultFailure> = {
  ref: name,
  ok: { const: false },
  error: object({ code: errorCode, title, retryable: flag }),
};

function schemasOf<T extends string>(
  fields: Readonly<Record<T, object>>,
  shapes: Readonly<Record<T, object>>,
): Record<T, JsonSchema> {
  const types = Object.keys(fields) as T[];
  const schemas = types.map((type) => [type, schemaOf(type, fields[type], shapes[type] as ShapeOf)]);
  return Object.fromEntries(schemas) as Record<T, JsonSchema>;
}

function schemaOf(type: string, fields: object, shape: ShapeOf): JsonSchema {
  const names = Object.keys(shape);
  return object(
    { type: { const: type }, ...fields },
    names.filter((each) => shape[each]?.isOptional === false),
  );
}

function object(properties: JsonSchema, required: readonly string[] = Object.keys(properties)): JsonSchema {
  return { type: 'object', properties, required };
}

function perLog(member: JsonSchema): JsonSchema {
  return {
    type: 'object',
    maxProperties: logsMax,
    propertyNames: { pattern: logPattern },
    additionalProperties: member,
  };
}

function listOf(items: JsonSchema, maxItems: number): JsonSchema {
  return { type: 'array', maxItems, items };
}

function text(minLength: number, maxLength: number): JsonSchema {
  return { type: 'string', minLength, maxLength };
}
