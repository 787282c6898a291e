// Frames of RFC 6455 as bytes, right ones and wrong ones: whatever a field is told to be, it is. Must never
// correct its caller.
import { randomBytes } from 'node:crypto';

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameParts {
  readonly opcode: number;
  readonly payload?: Uint8Array | string;
  /** True unless given. */
  readonly isFinal?: boolean;
  /** The three reserved bits, 0 to 7; none unless given. */
  readonly reserved?: number;
  /** True unless given: clients must. */
  readonly isMasked?: boolean;
  /** In how many bits the length is written; the fewest that do unless given. */
  readonly lengthBits?: 7 | 16 | 64;
  /** The length that is claimed; the payload's unless given. */
  readonly length?: bigint;
}

/** One frame as it goes over the network. */
export function frameBytes(parts: FrameParts): Buffer {
  const { opcode, isFinal = true, reserved = 0, isMasked = true } = parts;
  const payload = Buffer.from(parts.payload ?? '');
  const length = parts.length ?? BigInt(payload.length);
  const [short, extended] = lengthFields(length, parts.lengthBits);
  const first = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode;
  const head = Buffer.concat([Buffer.from([first, (isMasked ? 0x80 : 0) | short]), extended]);
  if (!isMasked) return Buffer.concat([head, payload]);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0))]);
}

/** A whole text message in one frame. */
export function textBytes(text: string | Uint8Array): Buffer {
  return frameBytes({ opcode: opcodes.text, payload: text });
}

/** A close frame; without a code its payload is empty. */
export function closeBytes(code?: number, reason: string | Uint8Array = ''): Buffer {
  if (code === undefined) return frameBytes({ opcode: opcodes.close });
  const number = Buffer.alloc(2);
  number.writeUInt16BE(code);
  return frameBytes({ opcode: opcodes.close, payload: Buffer.concat([number, Buffer.from(reason)]) });
}

/** One message in as many frames as there are parts. */
export function fragments(opcode: number, ...parts: readonly (string | Uint8Array)[]): Buffer[] {
  return parts.map((payload, at) =>
    frameBytes({
      opcode: at === 0 ? opcode : opcodes.continuation,
      payload,
      isFinal: at === parts.length - 1,
    }),
  );
}

/** What the other side sent. */
export interface ReadFrame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly reserved: number;
  readonly isMasked: boolean;
  readonly payload: Buffer;
  /** Bytes of the whole frame. */
  readonly size: number;
}

/** The frame at the beginning of the bytes, or undefined while it is not complete. */
export function readFrame(bytes: Buffer): ReadFrame | undefined {
  if (bytes.length < 2) return undefined;
  const [first = 0, second = 0] = bytes;
  const short = second & 0x7f;
  const extended = extendedSizes[short] ?? 0;
  const start = 2 + extended;
  if (bytes.length < start) return undefined;
  const length =
    extended === 0 ? short : Number(bytes.readUIntBE(start - Math.min(extended, 6), Math.min(extended, 6)));
  if (bytes.length < start + length) return undefined;
  return {
    opcode: first & 0x0f,
    isFinal: first >= 0x80,
    reserved: (first >> 4) & 7,
    isMasked: second >= 0x80,
    payload: bytes.subarray(start, start + length),
    size: start + length,
  };
}

const extendedSizes: Readonly<Record<number, number>> = { 126: 2, 127: 8 };

function lengthFields(length: bigint, bits: number | undefined): [number, Buffer] {
  const fewest = length < 126n ? 7 : length < 65_536n ? 16 : 64;
  switch (bits ?? fewest) {
    case 7:
      return [Number(length), Buffer.alloc(0)];
    case 16: {
      const extended = Buffer.alloc(2);
      extended.writeUInt16BE(Number(length));
      return [126, extended];
    }
    default: {
      const extended = Buffer.alloc(8);
      extended.writeBigUInt64BE(length);
      return [127, extended];
    }
  }
}
