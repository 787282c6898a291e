// RFC 6455 sections 5 and 7 as rows: bytes on an open session, and what must come back.
import { alive, callText, conversations, type Row } from './conversation.ts';
import { closeBytes, fragments, frameBytes, opcodes, textBytes } from './wire-frame.ts';

const { text, binary, close, ping, pong, continuation } = opcodes;
const frame = (...parts: Parameters<typeof frameBytes>) => [frameBytes(...parts)];
const call = callText('r1');
const answered = `result r1, ${alive}`;

/** A call whose text has exactly this many bytes. */
export function callOf(bytes: number): string {
  return callText('r1', 'x'.repeat(bytes - callText('r1', '').length));
}

const reserved: Row[] = [
  ...[1, 2, 4].map((bits) => ({
    name: `reserved bit ${bits} set on a text frame`,
    bytes: frame({ opcode: text, payload: call, reserved: bits }),
    expect: 'close 1002',
  })),
  { name: 'reserved bit set on a ping', bytes: frame({ opcode: ping, reserved: 4 }), expect: 'close 1002' },
  ...[3, 7, 11, 15].map((opcode) => ({
    name: `reserved opcode ${opcode}`,
    bytes: frame({ opcode }),
    expect: 'close 1002',
  })),
];

const masks: Row[] = [
  {
    name: 'text frame without mask',
    bytes: frame({ opcode: text, payload: call, isMasked: false }),
    expect: 'close 1002',
  },
  {
    name: 'ping without mask',
    bytes: frame({ opcode: ping, payload: 'a', isMasked: false }),
    expect: 'close 1002',
  },
  { name: 'close without mask', bytes: frame({ opcode: close, isMasked: false }), expect: 'close 1002' },
];

const tooMany = Array.from({ length: 40 }, () => '');
const fragmented: Row[] = [
  {
    name: 'text in two fragments',
    bytes: fragments(text, call.slice(0, 9), call.slice(9)),
    expect: answered,
  },
  {
    name: 'text in two fragments in one packet',
    bytes: [Buffer.concat(fragments(text, call.slice(0, 9), call.slice(9)))],
    expect: answered,
  },
  {
    name: 'text in sixteen fragments',
    bytes: fragments(text, call, ...tooMany.slice(0, 15)),
    expect: answered,
  },
  { name: 'empty fragments around the text', bytes: fragments(text, '', call, ''), expect: answered },
  {
    name: 'more fragments than the server takes',
    bytes: [Buffer.concat(fragments(text, call, ...tooMany))],
    expect: ['close 1008', 'close 1009', 'close 4013'],
  },
  {
    name: 'ping between fragments',
    bytes: between(frameBytes({ opcode: ping, payload: 'mid' })),
    expect: `pong mid, ${answered}`,
  },
  {
    name: 'pong between fragments',
    bytes: between(frameBytes({ opcode: pong, payload: 'mid' })),
    expect: answered,
  },
  { name: 'close between fragments', bytes: between(closeBytes(1000)), expect: 'close 1000' },
  { name: 'new text frame inside a fragmented text', bytes: between(textBytes(call)), expect: 'close 1002' },
  {
    name: 'binary frame inside a fragmented text',
    bytes: between(frameBytes({ opcode: binary })),
    expect: 'close 1002',
  },
  {
    name: 'continuation without a beginning',
    bytes: frame({ opcode: continuation, payload: call }),
    expect: 'close 1002',
  },
  {
    name: 'unfinished continuation without a beginning',
    bytes: frame({ opcode: continuation, payload: call, isFinal: false }),
    expect: 'close 1002',
  },
  {
    name: 'continuation after a finished text',
    bytes: [textBytes(call), frameBytes({ opcode: continuation, payload: 'x' })],
    expect: 'result r1, close 1002',
  },
  { name: 'binary message in fragments', bytes: fragments(binary, 'ab', 'cd'), expect: 'close 4000' },
];

const controls: Row[] = [
  { name: 'ping without payload', bytes: frame({ opcode: ping }), expect: `pong, ${alive}` },
  { name: 'ping with payload', bytes: frame({ opcode: ping, payload: 'abc' }), expect: `pong abc, ${alive}` },
  {
    name: 'ping of 125 bytes',
    bytes: frame({ opcode: ping, payload: 'p'.repeat(125) }),
    expect: `pong ${'p'.repeat(125)}, ${alive}`,
  },
  {
    name: 'ping of 126 bytes',
    bytes: frame({ opcode: ping, payload: 'p'.repeat(126) }),
    expect: 'close 1002',
  },
  { name: 'unfinished ping', bytes: frame({ opcode: ping, isFinal: false }), expect: 'close 1002' },
  { name: 'unfinished pong', bytes: frame({ opcode: pong, isFinal: false }), expect: 'close 1002' },
  { name: 'unfinished close', bytes: frame({ opcode: close, isFinal: false }), expect: 'close 1002' },
  { name: 'pong that nobody asked for', bytes: frame({ opcode: pong, payload: 'x' }), expect: alive },
  {
    name: 'pong of 126 bytes',
    bytes: frame({ opcode: pong, payload: 'p'.repeat(126) }),
    expect: 'close 1002',
  },
  {
    name: 'three pings in one packet',
    bytes: [Buffer.concat(['a', 'b', 'c'].map((payload) => frameBytes({ opcode: ping, payload })))],
    expect: `pong a, pong b, pong c, ${alive}`,
  },
  { name: 'binary message', bytes: frame({ opcode: binary, payload: call }), expect: 'close 4000' },
  { name: 'empty text message', bytes: frame({ opcode: text }), expect: 'close 4000' },
];

const closes: Row[] = [
  ...[1000, 1001, 1003, 1007, 1009, 3000, 4204, 4999].map((code) => ({
    name: `close ${code}`,
    bytes: [closeBytes(code, 'good bye')],
    expect: `close ${code}`,
  })),
  ...[0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535].map((code) => ({
    name: `close ${code}, which no endpoint may send`,
    bytes: [closeBytes(code)],
    expect: 'close 1002',
  })),
  { name: 'close without a code', bytes: [closeBytes()], expect: ['close without a code', 'close 1000'] },
  {
    name: 'close with one byte of a code',
    bytes: frame({ opcode: close, payload: '\u0003' }),
    expect: 'close 1002',
  },
  { name: 'close with the longest reason', bytes: [closeBytes(1000, 'r'.repeat(123))], expect: 'close 1000' },
  {
    name: 'close with a reason that is too long',
    bytes: [closeBytes(1000, 'r'.repeat(124))],
    expect: 'close 1002',
  },
  {
    name: 'close with a reason that is not UTF-8',
    bytes: [closeBytes(1000, Buffer.from([0xc3, 0x28]))],
    expect: 'close 1007',
  },
  {
    name: 'text after close',
    bytes: [Buffer.concat([closeBytes(1000), textBytes(call)])],
    expect: 'close 1000',
  },
];

const mark = '€😀é';
const wide = Buffer.from(callText('r1', mark));
const inMark = wide.indexOf(Buffer.from('😀')) + 2;
const broken = (bytes: number[]) =>
  Buffer.concat([Buffer.from(call.slice(0, -2)), Buffer.from(bytes), Buffer.from('"}')]);

const utf8: Row[] = [
  { name: 'UTF-8 of two, three and four bytes', bytes: [textBytes(wide)], expect: answered },
  {
    name: 'a character split over two fragments',
    bytes: fragments(text, wide.subarray(0, inMark), wide.subarray(inMark)),
    expect: answered,
  },
  {
    name: 'every byte its own packet',
    bytes: [...textBytes(wide)].map((byte) => Buffer.from([byte])),
    expect: answered,
  },
  { name: 'a lone continuation byte', bytes: [textBytes(broken([0x80]))], expect: 'close 1007' },
  { name: 'an overlong slash', bytes: [textBytes(broken([0xc0, 0xaf]))], expect: 'close 1007' },
  { name: 'half of a surrogate pair', bytes: [textBytes(broken([0xed, 0xa0, 0x80]))], expect: 'close 1007' },
  {
    name: 'beyond the last code point',
    bytes: [textBytes(broken([0xf4, 0x90, 0x80, 0x80]))],
    expect: 'close 1007',
  },
  { name: 'a byte that UTF-8 does not have', bytes: [textBytes(broken([0xff]))], expect: 'close 1007' },
  {
    name: 'a message that ends inside a character',
    bytes: [textBytes(Buffer.from([0x22, 0xe2, 0x82]))],
    expect: 'close 1007',
  },
  {
    name: 'a bad character split over two fragments',
    bytes: fragments(text, broken([0xc3]).subarray(0, call.length - 1), Buffer.from('("}')),
    expect: 'close 1007',
  },
];

const sized = (bytes: number, more: Partial<Parameters<typeof frameBytes>[0]> = {}) =>
  frame({ opcode: text, payload: callOf(bytes), ...more });
const lengths: Row[] = [
  { name: 'text of 125 bytes, length in 7 bits', bytes: sized(125), expect: answered },
  { name: 'text of 126 bytes, length in 16 bits', bytes: sized(126), expect: answered },
  { name: 'text of 127 bytes, length in 16 bits', bytes: sized(127), expect: answered },
  { name: 'text of 65,535 bytes, length in 16 bits', bytes: sized(65_535), expect: 'close 4013' },
  { name: 'text of 65,536 bytes, length in 64 bits', bytes: sized(65_536), expect: 'close 4013' },
  { name: 'text of 65,537 bytes', bytes: sized(65_537), expect: 'close 1009' },
  {
    name: 'length 125 written in 16 bits',
    bytes: sized(125, { lengthBits: 16 }),
    expect: ['close 1002', answered],
  },
  {
    name: 'length 126 written in 64 bits',
    bytes: sized(126, { lengthBits: 64 }),
    expect: ['close 1002', answered],
  },
  {
    name: 'length with its highest bit set',
    bytes: frame({ opcode: text, length: 2n ** 63n, lengthBits: 64 }),
    expect: ['close 1002', 'close 1009'],
  },
  {
    name: 'length of 2^53',
    bytes: frame({ opcode: text, length: 2n ** 53n, lengthBits: 64 }),
    expect: 'close 1009',
  },
  {
    name: 'fragments that are too long together',
    bytes: fragments(text, 'x'.repeat(40_000), 'x'.repeat(40_000)),
    expect: 'close 1009',
  },
];

/** Everything that an endpoint must hold to once the handshake is done. */
export const framingCases = [
  ...conversations('reserved', reserved),
  ...conversations('mask', masks),
  ...conversations('fragments', fragmented),
  ...conversations('control', controls),
  ...conversations('close', closes),
  ...conversations('utf-8', utf8),
  ...conversations('length', lengths),
];

/** A call in two fragments with something in the middle. */
function between(bytes: Uint8Array): Uint8Array[] {
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = fragments(
    text,
    call.slice(0, 9),
    call.slice(9),
  );
  return [first, bytes, second];
}
