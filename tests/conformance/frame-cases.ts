// The frames of docs/reference/protocol.md as rows: texts on a session, and what must come back. The limits
// of sizes and counts are taken at their edges.
import { alive, callText, conversations, json, type Row } from './conversation.ts';
import { callOf } from './framing-cases.ts';
import { fragments, frameBytes, opcodes, textBytes } from './wire-frame.ts';

const name = 'n'.repeat(128);
const list = (count: number, item: unknown) => JSON.stringify(Array.from({ length: count }, () => item));
const topics = (count: number) => JSON.stringify(Array.from({ length: count }, (_, at) => `t${at}`));
const cursors = (count: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, at) => [`topic:t${at}`, 1])));
const helloText = (fields = '') => `{"type":"hello","instance":"i1","cursors":{},"topics":[]${fields}}`;

const greeting = (name: string, text: string, expect: string): Row => ({
  name,
  bytes: json(text),
  expect,
  isGreeted: false,
});
const welcomed = `welcome, ${alive}`;

const hellos: Row[] = [
  greeting('the least hello', helloText(), welcomed),
  greeting(
    'hello with all its fields',
    helloText(`,"device":"d1","epoch":"none","user":"none","app":"page 1.0"`),
    welcomed,
  ),
  greeting(
    'hello with fields that nobody knows',
    helloText(',"colour":"red","nested":{"__proto__":1}'),
    welcomed,
  ),
  greeting(
    'hello with the longest names',
    `{"type":"hello","instance":"${name}","device":"${name}","cursors":{},"topics":[]}`,
    welcomed,
  ),
  greeting(
    'hello with 256 cursors',
    `{"type":"hello","instance":"i1","cursors":${cursors(256)},"topics":[]}`,
    welcomed,
  ),
  greeting(
    'hello with 259 cursors',
    `{"type":"hello","instance":"i1","cursors":${cursors(259)},"topics":[]}`,
    'close 4000',
  ),
  greeting(
    'hello with 257 topics',
    `{"type":"hello","instance":"i1","cursors":{},"topics":${topics(257)}}`,
    'close 4000',
  ),
  greeting('hello without instance', '{"type":"hello","cursors":{},"topics":[]}', 'close 4000'),
  greeting('hello without cursors', '{"type":"hello","instance":"i1","topics":[]}', 'close 4000'),
  greeting('hello without topics', '{"type":"hello","instance":"i1","cursors":{}}', 'close 4000'),
  greeting('hello with a name of 129 characters', helloText(`,"device":"${name}n"`), 'close 4000'),
  greeting('hello with a device that is no name', helloText(',"device":"a b"'), 'close 4000'),
  greeting('hello with an empty device', helloText(',"device":""'), 'close 4000'),
  greeting(
    'hello with a cursor of -1',
    '{"type":"hello","instance":"i1","cursors":{"user":-1},"topics":[]}',
    'close 4000',
  ),
  greeting(
    'hello with a cursor of 2^53',
    '{"type":"hello","instance":"i1","cursors":{"user":9007199254740992},"topics":[]}',
    'close 4000',
  ),
  greeting(
    'hello with a cursor as text',
    '{"type":"hello","instance":"i1","cursors":{"user":"1"},"topics":[]}',
    'close 4000',
  ),
  greeting(
    'hello with a cursor for __proto__',
    '{"type":"hello","instance":"i1","cursors":{"__proto__":1},"topics":[]}',
    'close 4000',
  ),
  greeting(
    'hello with a list as cursors',
    '{"type":"hello","instance":"i1","cursors":[],"topics":[]}',
    'close 4000',
  ),
  greeting('hello with an app of 1,025 characters', helloText(`,"app":"${'a'.repeat(1_025)}"`), 'close 4000'),
  greeting('an ack instead of hello', '{"type":"ack","log":"user","seq":0}', 'close 4000'),
  greeting('a type that nobody knows instead of hello', '{"type":"hallo"}', 'close 4000'),
  greeting('no JSON instead of hello', 'hello', 'close 4000'),
  {
    name: 'a binary frame instead of hello',
    bytes: [frameBytes({ opcode: opcodes.binary, payload: helloText() })],
    expect: 'close 4000',
    isGreeted: false,
  },
  {
    name: 'hello in two fragments',
    bytes: fragments(opcodes.text, helloText().slice(0, 20), helloText().slice(20)),
    expect: welcomed,
    isGreeted: false,
  },
  {
    name: 'hello and a call in one packet',
    bytes: [Buffer.concat([textBytes(helloText()), textBytes(callText('r1'))])],
    expect: `welcome, result r1, ${alive}`,
    isGreeted: false,
  },
  {
    name: 'hello twice in one packet',
    bytes: [Buffer.concat([textBytes(helloText()), textBytes(helloText())])],
    expect: ['welcome, close 4000', 'close 4000'],
    isGreeted: false,
  },
  {
    name: 'hello larger than a frame may be',
    bytes: json(helloText(`,"x":"${'x'.repeat(16_384)}"`)),
    expect: 'close 4013',
    isGreeted: false,
  },
  { name: 'hello twice', bytes: json(helloText()), expect: 'close 4000' },
];

const answered = `result r1, ${alive}`;
const frames: Row[] = [
  { name: 'a type that nobody knows', bytes: json('{"type":"dance"}'), expect: 'close 4000' },
  { name: 'a type of the other direction', bytes: json('{"type":"welcome"}'), expect: 'close 4000' },
  { name: 'the type toString', bytes: json('{"type":"toString"}'), expect: 'close 4000' },
  { name: 'the type __proto__', bytes: json('{"type":"__proto__"}'), expect: 'close 4000' },
  { name: 'no type', bytes: json('{"ref":"r1"}'), expect: 'close 4000' },
  { name: 'a number as type', bytes: json('{"type":7}'), expect: 'close 4000' },
  { name: 'a list', bytes: json('["ack"]'), expect: 'close 4000' },
  { name: 'null', bytes: json('null'), expect: 'close 4000' },
  { name: 'two objects in one frame', bytes: json('{"type":"pong"}{"type":"pong"}'), expect: 'close 4000' },
  { name: 'white space around', bytes: json(` \n${callText('r1')}\t`), expect: answered },
  { name: 'a byte order mark before', bytes: json(`\ufeff${callText('r1')}`), expect: 'close 4000' },
  {
    name: 'fields that nobody knows',
    bytes: json('{"type":"call","ref":"r1","method":"m","x":{"y":[1]},"__proto__":{"a":1}}'),
    expect: answered,
  },
  { name: 'pong that nobody asked for', bytes: json('{"type":"pong"}'), expect: alive },
  { name: 'pong with fields', bytes: json('{"type":"pong","x":1}'), expect: alive },
  {
    name: 'subscribe',
    bytes: json('{"type":"subscribe","topic":"orders"}'),
    expect: `error orders, ${alive}`,
  },
  {
    name: 'unsubscribe',
    bytes: json('{"type":"unsubscribe","topic":"orders"}'),
    expect: `unsubscribed, ${alive}`,
  },
  { name: 'subscribe without topic', bytes: json('{"type":"subscribe"}'), expect: 'close 4000' },
  {
    name: 'subscribe to a topic that is no name',
    bytes: json('{"type":"subscribe","topic":"a/b"}'),
    expect: 'close 4000',
  },
  { name: 'call', bytes: json(callText('r1')), expect: answered },
  { name: 'call without ref', bytes: json('{"type":"call","method":"m"}'), expect: 'close 4000' },
  { name: 'call with data of 32 levels', bytes: json(callData(32)), expect: answered },
  { name: 'call with data of 33 levels', bytes: json(callData(33)), expect: 'close 4000' },
  {
    name: 'call with a number that is not finite',
    bytes: json('{"type":"call","ref":"r1","method":"m","data":1e999}'),
    expect: 'close 4000',
  },
  { name: 'read of nothing', bytes: json('{"type":"read","ids":[]}'), expect: alive },
  { name: 'read of 100 ids', bytes: json(`{"type":"read","ids":${list(100, 'm1')}}`), expect: alive },
  { name: 'read of 101 ids', bytes: json(`{"type":"read","ids":${list(101, 'm1')}}`), expect: 'close 4000' },
  {
    name: 'read of an id that is no name',
    bytes: json('{"type":"read","ids":["a b"]}'),
    expect: 'close 4000',
  },
  { name: 'token without token', bytes: json('{"type":"token"}'), expect: 'close 4000' },
  { name: 'token that is empty', bytes: json('{"type":"token","token":""}'), expect: 'close 4000' },
  {
    name: 'token of 4,097 characters',
    bytes: json(`{"type":"token","token":"${'t'.repeat(4_097)}"}`),
    expect: 'close 4000',
  },
  { name: 'token that is none', bytes: json('{"type":"token","token":"a.b.c"}'), expect: 'close 4001' },
  { name: 'a frame of 16,383 bytes', bytes: json(callOf(16_383)), expect: answered },
  { name: 'a frame of 16,384 bytes', bytes: json(callOf(16_384)), expect: answered },
  { name: 'a frame of 16,385 bytes', bytes: json(callOf(16_385)), expect: 'close 4013' },
  {
    name: 'a frame of 16,385 bytes in two fragments',
    bytes: fragments(opcodes.text, callOf(16_385).slice(0, 9_000), callOf(16_385).slice(9_000)),
    expect: 'close 4013',
  },
  {
    name: 'a frame of 9,000 characters and 18,000 bytes',
    bytes: json(callText('r1', 'é'.repeat(9_000))),
    expect: 'close 4013',
  },
];

const two = 'message 1, message 2';
const ack = (name: string, text: string, expect: string): Row => ({
  name,
  bytes: json(text),
  expect,
  posts: 2,
});
const acks: Row[] = [
  ack('ack 0', '{"type":"ack","log":"user","seq":0}', `${two}, ${alive}`),
  ack('ack of the first', '{"type":"ack","log":"user","seq":1}', `${two}, ${alive}`),
  ack('ack of the head', '{"type":"ack","log":"user","seq":2}', `${two}, ${alive}`),
  ack('ack as 2.0', '{"type":"ack","log":"user","seq":2.0}', `${two}, ${alive}`),
  {
    name: 'ack twice, then a lower one',
    bytes: [2, 2, 1].map((seq) => textBytes(`{"type":"ack","log":"user","seq":${seq}}`)),
    expect: `${two}, ${alive}`,
    posts: 2,
  },
  ack('ack above the head', '{"type":"ack","log":"user","seq":3}', `${two}, close 4000`),
  ack('ack 2^53 - 1', '{"type":"ack","log":"user","seq":9007199254740991}', `${two}, close 4000`),
  ack('ack 2^53', '{"type":"ack","log":"user","seq":9007199254740992}', `${two}, close 4000`),
  ack('ack -1', '{"type":"ack","log":"user","seq":-1}', `${two}, close 4000`),
  ack('ack 1.5', '{"type":"ack","log":"user","seq":1.5}', `${two}, close 4000`),
  ack('ack NaN', '{"type":"ack","log":"user","seq":NaN}', `${two}, close 4000`),
  ack('ack 1e999', '{"type":"ack","log":"user","seq":1e999}', `${two}, close 4000`),
  ack('ack as text', '{"type":"ack","log":"user","seq":"1"}', `${two}, close 4000`),
  ack('ack null', '{"type":"ack","log":"user","seq":null}', `${two}, close 4000`),
  ack('ack without seq', '{"type":"ack","log":"user"}', `${two}, close 4000`),
  ack('ack without log', '{"type":"ack","seq":1}', `${two}, close 4000`),
  ack('ack for all', '{"type":"ack","log":"all","seq":0}', `${two}, ${alive}`),
  ack('ack for a topic that is not followed', '{"type":"ack","log":"topic:x","seq":0}', `${two}, ${alive}`),
  ack('ack for another user by name', '{"type":"ack","log":"user:42","seq":0}', `${two}, close 4000`),
  ack('ack for the log __proto__', '{"type":"ack","log":"__proto__","seq":0}', `${two}, close 4000`),
  ack(
    'ack with failed and unhandled',
    '{"type":"ack","log":"user","seq":2,"failed":[1],"unhandled":[2]}',
    `${two}, ${alive}`,
  ),
  ack(
    'ack with failed ones that it does not settle',
    '{"type":"ack","log":"user","seq":1,"failed":[9]}',
    `${two}, ${alive}`,
  ),
  ack(
    'ack with 64 failed',
    `{"type":"ack","log":"user","seq":2,"failed":${list(64, 1)}}`,
    `${two}, ${alive}`,
  ),
  ack(
    'ack with 65 failed',
    `{"type":"ack","log":"user","seq":2,"failed":${list(65, 1)}}`,
    `${two}, close 4000`,
  ),
  ack('ack with 0 as failed', '{"type":"ack","log":"user","seq":2,"failed":[0]}', `${two}, close 4000`),
];

/** What may be said on a session, and what ends it. */
export const frameCases = [
  ...conversations('hello', hellos),
  ...conversations('frame', frames),
  ...conversations('ack', acks),
];

function callData(levels: number): string {
  return `{"type":"call","ref":"r1","method":"m","data":${'['.repeat(levels)}${']'.repeat(levels)}}`;
}
