/**
 * What each frame looks like, field by field, in the order in which fields are written. Must never say less
 * than the types of frames.ts: the compiler holds every shape against its type.
 */
import type { Field, Rule } from './field.js';
import {
  count,
  entrySeq,
  errorCode,
  exactly,
  flag,
  isFreeText,
  isObject,
  isText,
  listOf,
  logName,
  name,
  oneOf,
  optional,
  perLog,
  required,
  text,
} from './field.js';
import type {
  ClientFrame,
  LogStart,
  NotificationContent,
  Refusal,
  ResultFailure,
  ResultSuccess,
  ServerFrame,
  WelcomeLimits,
} from './frames.js';
import { jsonValue } from './json-value.js';
import { limits } from './limits.js';

/** One field per property of the frame. */
export type Shape<F> = { readonly [K in keyof F]-?: Field<F[K]> };

/** A shape for every `type` of the union. */
type Shapes<F extends { type: string }> = { readonly [T in F['type']]: Shape<Extract<F, { type: T }>> };

const seqs = listOf(entrySeq, limits.ackWindow);
const ids = listOf(name, limits.readIdsMax);
const topics = listOf(name, limits.topicsPerSessionMax);
// A session follows its topics, `user` and `all`.
const logsMax = limits.topicsPerSessionMax + 2;

const logStart: Rule<LogStart> = {
  accepts: (value): value is LogStart =>
    isObject(value) && count.accepts(value.from) && count.accepts(value.head) && flag.accepts(value.resumed),
  words: 'must be {from, head, resumed}',
};

const welcomeLimits: Rule<WelcomeLimits> = {
  accepts: (value): value is WelcomeLimits =>
    isObject(value) &&
    entrySeq.accepts(value.frameBytesMax) &&
    entrySeq.accepts(value.ackWindowBytes) &&
    entrySeq.accepts(value.topicsPerSessionMax),
  words: 'must be {frameBytesMax, ackWindowBytes, topicsPerSessionMax}, integers from 1',
};

const notification: Rule<NotificationContent> = {
  accepts: (value): value is NotificationContent =>
    isObject(value) &&
    isText(value.title, 1, limits.textMax) &&
    (value.body === undefined || isText(value.body, 0, limits.dataBytesMax)) &&
    (value.url === undefined || isText(value.url, 0, limits.dataBytesMax)),
  words: 'must be {title, body?, url?} of strings',
};

const refusal: Rule<Refusal> = {
  accepts: (value): value is Refusal =>
    isObject(value) &&
    errorCode.accepts(value.code) &&
    isFreeText(value.title) &&
    flag.accepts(value.retryable),
  words: 'must be {code, title, retryable}',
};

const title = text(0, limits.textMax);
const read = { type: required(exactly('read')), ids: required(ids) } as const;

/** Every frame of the client. */
export const clientShapes: Shapes<ClientFrame> = {
  hello: {
    type: required(exactly('hello')),
    user: optional(name),
    device: optional(name),
    instance: required(name),
    epoch: optional(name),
    cursors: required(perLog(count, logsMax)),
    topics: required(topics),
    app: optional(text(0, limits.textMax)),
  },
  ack: {
    type: required(exactly('ack')),
    log: required(logName),
    seq: required(count),
    failed: optional(seqs),
    unhandled: optional(seqs),
  },
  read,
  subscribe: { type: required(exactly('subscribe')), topic: required(name), cursor: optional(count) },
  unsubscribe: { type: required(exactly('unsubscribe')), topic: required(name) },
  call: {
    type: required(exactly('call')),
    ref: required(name),
    method: required(name),
    data: optional(jsonValue),
  },
  token: { type: required(exactly('token')), token: required(text(1, limits.tokenBytesMax)) },
  pong: { type: required(exactly('pong')) },
};

/** Every frame of the server; `result` has two shapes, told apart by `ok`. */
export const serverShapes: Omit<Shapes<ServerFrame>, 'result'> = {
  welcome: {
    type: required(exactly('welcome')),
    connection: required(name),
    node: required(name),
    epoch: required(name),
    user: required(name),
    device: required(name),
    logs: required(perLog(logStart, logsMax)),
    heartbeatMs: required(entrySeq),
    window: required(entrySeq),
    tokenExpiresAt: required(count),
    limits: required(welcomeLimits),
  },
  message: {
    type: required(exactly('message')),
    log: required(logName),
    seq: required(entrySeq),
    id: required(name),
    event: required(name),
    data: optional(jsonValue),
    notification: optional(notification),
    sentAt: required(count),
    expiresAt: optional(count),
    replay: optional(exactly(true)),
  },
  volatile: {
    type: required(exactly('volatile')),
    log: required(logName),
    id: required(name),
    event: required(name),
    data: optional(jsonValue),
    notification: optional(notification),
    sentAt: required(count),
  },
  skip: {
    type: required(exactly('skip')),
    log: required(logName),
    from: required(entrySeq),
    to: required(entrySeq),
    reason: required(oneOf(['expired', 'superseded', 'recalled', 'poison', 'unauthorised'])),
  },
  read,
  subscribed: {
    type: required(exactly('subscribed')),
    log: required(logName),
    from: required(count),
    head: required(count),
    resumed: required(flag),
  },
  unsubscribed: { type: required(exactly('unsubscribed')), log: required(logName) },
  'token-accepted': { type: required(exactly('token-accepted')), expiresAt: required(count) },
  ping: { type: required(exactly('ping')) },
  drain: { type: required(exactly('drain')), withinMs: required(count) },
  error: {
    type: required(exactly('error')),
    code: required(errorCode),
    title: required(title),
    retryable: required(flag),
    ref: optional(name),
  },
};

/** `result` with `ok: true`. */
export const resultSuccess: Shape<ResultSuccess> = {
  type: required(exactly('result')),
  ref: required(name),
  ok: required(exactly(true)),
  data: optional(jsonValue),
};

/** `result` with `ok: false`. */
export const resultFailure: Shape<ResultFailure> = {
  type: required(exactly('result')),
  ref: required(name),
  ok: required(exactly(false)),
  error: required(refusal),
};
