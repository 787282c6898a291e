// What goes over the wire or the bus comes back the same, whatever it contains.
import {
  type DoorbellView,
  doorbellKinds,
  encodeDoorbell,
  joinDoorbells,
  readDoorbells,
  splitDoorbells,
} from '@carillon/domain';
import { decodeClientFrame, decodeServerFrame, encodeFrame, encodeMessage } from '@carillon/wire';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { anyLog, anyName, anyPlace, anySeq, anyText } from './arbitrary.js';
import { anyClientFrame, anyJson } from './frames.js';

const anyBell = fc.record({
  kind: fc.constantFrom(...doorbellKinds),
  log: anyLog,
  seq: anySeq,
  acceptedAt: anySeq,
  expiresAt: anySeq,
  frame: anyText,
});

it('a frame of a client decodes to what was encoded', () => {
  fc.assert(
    fc.property(anyClientFrame, (frame) => {
      expect(decodeClientFrame(encodeFrame(frame))).toEqual({ ok: true, frame });
    }),
  );
});

it('a message put together from ready-made JSON decodes to its parts', () => {
  fc.assert(
    fc.property(anyPlace, anyName, anyJson, (seq, id, data) => {
      const text = encodeMessage({
        log: 'user',
        seq,
        id,
        event: 'e',
        sentAt: 1,
        expiresAt: 2,
        dataJson: JSON.stringify(data),
      });
      const decoded = decodeServerFrame(text);
      expect(decoded).toMatchObject({ ok: true, frame: { type: 'message', seq, id } });
      expect(decoded.ok && decoded.frame.type === 'message' && decoded.frame.data).toEqual(data);
    }),
  );
});

it('no text makes a decoder throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
      expect(typeof decodeClientFrame(text).ok).toBe('boolean');
      expect(typeof decodeServerFrame(text).ok).toBe('boolean');
    }),
    { numRuns: 2_000 },
  );
});

it('a batch of doorbells gives back each record, byte by byte and in order', () => {
  fc.assert(
    fc.property(fc.array(anyBell, { maxLength: 40 }), (bells) => {
      const batch = joinDoorbells(bells.map(encodeDoorbell));
      const read = readDoorbells(batch).map(({ frame, ...rest }: DoorbellView) => ({
        ...rest,
        frame: new TextDecoder().decode(frame),
      }));
      expect(read).toEqual(bells);
      expect(joinDoorbells(splitDoorbells(batch))).toEqual(batch);
    }),
  );
});

it('a batch that was cut or changed is refused, or read as some batch within its bytes', () => {
  fc.assert(
    fc.property(
      fc.array(anyBell, { minLength: 1, maxLength: 8 }),
      fc.nat(),
      fc.nat(255),
      (bells, place, byte) => {
        const batch = joinDoorbells(bells.map(encodeDoorbell));
        const cut = batch.slice(0, place % batch.length);
        const changed = batch.slice();
        changed[place % batch.length] = byte;
        for (const hostile of [cut, changed]) {
          try {
            const read = readDoorbells(hostile);
            const bytes = read.reduce((sum, bell) => sum + bell.frame.length, 0);
            expect(bytes).toBeLessThanOrEqual(hostile.length);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        }
      },
    ),
  );
});
