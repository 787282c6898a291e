// Frames made by us are those that ws makes, whatever their length, alone or together.

import { describe, expect, it } from 'vitest';
import * as ws from 'ws';
import { framed, joined, textsOf } from './framed.js';

/** What ws would write; its types do not say so, its code does. */
function framedByWs(text: string): Buffer {
  const { Sender } = ws as unknown as { Sender: { frame(data: Buffer, options: object): Buffer[] } };
  const plain = { fin: true, mask: false, opcode: 1, readOnly: false, rsv1: false };
  return Buffer.concat(Sender.frame(Buffer.from(text), plain));
}

describe('a frame', () => {
  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 262_144])(
    'of %i bytes is the one that ws makes',
    (length) => {
      const text = 'x'.repeat(length);
      expect(Buffer.from(framed(text)).equals(framedByWs(text))).toBe(true);
      expect(Buffer.from(framed(Buffer.from(text))).equals(framedByWs(text))).toBe(true);
    },
  );

  it('counts bytes, not characters', () => {
    expect(Buffer.from(framed('本'.repeat(50))).equals(framedByWs('本'.repeat(50)))).toBe(true);
  });

  it('comes apart again, also of several in one', () => {
    const texts = ['', 'a', 'b'.repeat(126), '本'.repeat(30_000), 'c'];
    const found = textsOf(joined(texts.map((text) => framed(text))));
    expect(found.map((text) => Buffer.from(text).toString())).toEqual(texts);
  });

  it('that is alone is not copied', () => {
    const one = framed('x');
    expect(joined([one])).toBe(one);
  });

  it('keeps nothing of the batch from which it was made', () => {
    const batch = Buffer.from('onetwo');
    const frame = framed(batch.subarray(0, 3));
    batch.fill(0);
    expect(textsOf(frame).map((text) => Buffer.from(text).toString())).toEqual(['one']);
  });
});
