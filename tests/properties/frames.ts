// Every frame of the protocol with every field it may have, at its edges too. A frame type or a field that is
// added to the protocol must be added here: frames.spec.ts compares both with the decoder's own list.
import { type ClientFrame, errorCodes, type JsonValue, limits, type ServerFrame } from '@carillon/wire';
import fc from 'fast-check';
import { anyName, anyPlace, anySeq, anyText } from './arbitrary.js';

/** One arbitrary per `type`: the compiler asks for every one. */
export type FramesOf<F extends { type: string }> = {
  readonly [T in F['type']]: fc.Arbitrary<Extract<F, { type: T }>>;
};

/** JSON as it is after one trip: no -0, which JSON cannot tell from 0. */
export const anyJson = fc
  .jsonValue({ maxDepth: 4 })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);

const deepest = (): JsonValue => {
  let value: JsonValue = 1;
  for (let depth = 0; depth < limits.jsonDepthMax; depth += 1) value = [value];
  return value;
};

/** What JSON makes. */
const plain = { noNullPrototype: true } as const;
const longName = '0:@._-aZ'.repeat(16);
const name = fc.oneof({ weight: 8, arbitrary: anyName }, { weight: 1, arbitrary: fc.constant(longName) });
const data = fc.oneof({ weight: 8, arbitrary: anyJson }, { weight: 1, arbitrary: fc.constant(deepest()) });
const log = fc.oneof(
  fc.constant('user'),
  fc.constant('all'),
  name.map((topic) => `topic:${topic}`),
);
const count = fc.oneof(anySeq, fc.constantFrom(0, Number.MAX_SAFE_INTEGER));
const place = fc.oneof(anyPlace, fc.constantFrom(1, Number.MAX_SAFE_INTEGER));
const shortText = fc.string({ unit: 'grapheme', maxLength: 40 });
const title = fc.oneof(shortText, fc.constantFrom('', 'x'.repeat(limits.textMax)));
const places = fc.array(place, { maxLength: limits.ackWindow });
const code = fc.constantFrom(...Object.keys(errorCodes), 'some_newer_code');
const flag = fc.boolean();

const perLog = <T>(member: fc.Arbitrary<T>) => fc.dictionary(log, member, { maxKeys: 8, ...plain });

const notification = fc.record(
  {
    title: fc.oneof(shortText, fc.constant('x'.repeat(limits.textMax))).filter(Boolean),
    body: anyText,
    url: anyText,
  },
  { requiredKeys: ['title'], ...plain },
);

const start = { from: count, head: count, resumed: flag };
const refusal = { code, title, retryable: flag };
const content = { id: name, event: name, data, notification, sentAt: count };

/** A frame with the fields of `required`, and any of the others. */
function frame<T extends string, M extends object, K extends keyof M>(
  type: T,
  fields: { [P in keyof M]: fc.Arbitrary<M[P]> },
  required: readonly K[],
) {
  const rest = fc.record(fields, { requiredKeys: [...required], ...plain });
  return rest.map((members) => ({ type, ...members }));
}

const ids = fc.array(name, { maxLength: limits.readIdsMax });

export const clientFrames: FramesOf<ClientFrame> = {
  hello: frame(
    'hello',
    {
      user: name,
      device: name,
      instance: name,
      epoch: name,
      cursors: perLog(count),
      topics: fc.array(name, { maxLength: 8 }),
      app: title,
    },
    ['instance', 'cursors', 'topics'],
  ),
  ack: frame('ack', { log, seq: count, failed: places, unhandled: places }, ['log', 'seq']),
  read: frame('read', { ids }, ['ids']),
  subscribe: frame('subscribe', { topic: name, cursor: count }, ['topic']),
  unsubscribe: frame('unsubscribe', { topic: name }, ['topic']),
  call: frame('call', { ref: name, method: name, data }, ['ref', 'method']),
  token: frame(
    'token',
    {
      token: fc.oneof(
        anyName,
        fc.integer({ min: 1, max: limits.tokenBytesMax }).map((size) => 't'.repeat(size)),
      ),
    },
    ['token'],
  ),
  pong: fc.record({ type: fc.constant('pong' as const) }, plain),
};

const result = fc.oneof(
  frame('result', { ref: name, ok: fc.constant(true as const), data }, ['ref', 'ok']),
  frame('result', { ref: name, ok: fc.constant(false as const), error: fc.record(refusal, plain) }, [
    'ref',
    'ok',
    'error',
  ]),
);

export const serverFrames: FramesOf<ServerFrame> = {
  welcome: fc.record(
    {
      type: fc.constant('welcome' as const),
      connection: name,
      node: name,
      epoch: name,
      user: name,
      device: name,
      logs: perLog(fc.record(start, plain)),
      heartbeatMs: place,
      window: place,
      tokenExpiresAt: count,
      limits: fc.record({ frameBytesMax: place, ackWindowBytes: place, topicsPerSessionMax: place }, plain),
    },
    plain,
  ),
  message: frame(
    'message',
    { log, seq: place, ...content, expiresAt: count, replay: fc.constant(true as const) },
    ['log', 'seq', 'id', 'event', 'sentAt'],
  ),
  volatile: frame('volatile', { log, ...content }, ['log', 'id', 'event', 'sentAt']),
  skip: fc
    .record({
      type: fc.constant('skip' as const),
      log,
      place: fc.tuple(place, place),
      reason: fc.constantFrom('expired', 'superseded', 'recalled', 'poison', 'unauthorised'),
    })
    .map(({ place: ends, ...rest }) => ({ ...rest, from: Math.min(...ends), to: Math.max(...ends) })),
  read: frame('read', { ids }, ['ids']),
  subscribed: frame('subscribed', { log, ...start }, ['log', 'from', 'head', 'resumed']),
  unsubscribed: frame('unsubscribed', { log }, ['log']),
  result,
  'token-accepted': frame('token-accepted', { expiresAt: count }, ['expiresAt']),
  ping: fc.record({ type: fc.constant('ping' as const) }, plain),
  drain: frame('drain', { withinMs: count }, ['withinMs']),
  error: frame('error', { ...refusal, ref: name }, ['code', 'title', 'retryable']),
};

export const anyClientFrame: fc.Arbitrary<ClientFrame> = fc.oneof(...Object.values(clientFrames));
export const anyServerFrame: fc.Arbitrary<ServerFrame> = fc.oneof(...Object.values(serverFrames));
