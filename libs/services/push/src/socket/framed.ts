/**
 * Text frames of a server as they go over TCP (RFC 6455, section 5.2): made once, so that one buffer serves
 * any number of sockets. Must never change a buffer that it has given out.
 */
declare const kind: unique symbol;

/** One or more whole text frames, one after the other. */
export type Framed = Uint8Array & { readonly [kind]: 'framed' };

const finalText = 0x81;
/** Lengths up to this stand in the second byte; these two say that 2 or 8 bytes of length follow. */
const smallMax = 125;
const twoBytesFollow = 126;
const eightBytesFollow = 127;

/** The text in one frame; a copy. */
export function framed(text: string | Uint8Array): Framed {
  const length = typeof text === 'string' ? Buffer.byteLength(text) : text.length;
  const headBytes = length <= smallMax ? 2 : length < 0x10000 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headBytes + length);
  frame[0] = finalText;
  if (headBytes === 2) frame[1] = length;
  else if (headBytes === 4) {
    frame[1] = twoBytesFollow;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = eightBytesFollow;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  if (typeof text === 'string') frame.write(text, headBytes);
  else frame.set(text, headBytes);
  return frame as unknown as Framed;
}

/** All of them as one buffer; the very same one where there is only one. */
export function joined(frames: readonly Framed[]): Framed {
  const [only] = frames;
  return frames.length === 1 && only ? only : (Buffer.concat(frames) as unknown as Framed);
}

/** The texts in it, as views. */
export function textsOf(frames: Framed): Uint8Array[] {
  const view = new DataView(frames.buffer, frames.byteOffset, frames.length);
  const texts: Uint8Array[] = [];
  for (let at = 0; at < frames.length; ) {
    const small = view.getUint8(at + 1);
    const from = at + (small <= smallMax ? 2 : small === twoBytesFollow ? 4 : 10);
    const length =
      from - at === 2 ? small : from - at === 4 ? view.getUint16(at + 2) : view.getUint32(at + 6);
    at = from + length;
    texts.push(frames.subarray(from, at));
  }
  return texts;
}
