// Every frame type of the protocol, both ways: what was encoded comes back, and nothing else does.
import {
  type ClientFrame,
  decodeClientFrame,
  decodeServerFrame,
  encodeFrame,
  encodeMessage,
  encodeVolatile,
  frameSchemas,
  type MessageFrame,
  type ServerFrame,
} from '@carillon/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientShapes, resultFailure, resultSuccess, serverShapes } from '../../libs/wire/src/shapes.js';
import { anyClientFrame, anyServerFrame, clientFrames, serverFrames } from './frames.js';

type Fields = Readonly<Record<string, { readonly isOptional: boolean }>>;

const ends = [
  {
    end: 'client',
    frames: clientFrames as Readonly<Record<string, fc.Arbitrary<ClientFrame | ServerFrame>>>,
    shapes: clientShapes as Readonly<Record<string, Fields>>,
    listed: Object.keys(frameSchemas().client),
    decode: decodeClientFrame,
  },
  {
    end: 'server',
    frames: serverFrames as Readonly<Record<string, fc.Arbitrary<ClientFrame | ServerFrame>>>,
    shapes: { ...serverShapes, result: { ...resultSuccess, ...resultFailure } } as Readonly<
      Record<string, Fields>
    >,
    listed: Object.keys(frameSchemas().server),
    decode: decodeServerFrame,
  },
] as const;

/** Enough that a field which is there half of the time is seen both ways. */
const samples = 100;

describe.each(ends)('frames of a $end', ({ frames, shapes, listed, decode }) => {
  it('are generated for every type that the protocol lists', () => {
    expect(Object.keys(frames).sort()).toEqual([...listed].sort());
    expect(Object.keys(frames).sort()).toEqual(Object.keys(shapes).sort());
  });

  it.each(listed)('%s is generated with and without each of its fields', (type) => {
    const generated = fc.sample(frames[type] as fc.Arbitrary<object>, { numRuns: samples, seed: 1 });
    for (const [field, { isOptional }] of Object.entries(shapes[type] as Fields)) {
      const withField = generated.filter((frame) => Object.hasOwn(frame, field)).length;
      expect(withField, `${type} with ${field}`).toBeGreaterThan(0);
      if (isOptional) expect(withField, `${type} without ${field}`).toBeLessThan(samples);
    }
  });

  it.each(listed)('%s decodes to what was encoded', (type) => {
    fc.assert(
      fc.property(frames[type] as fc.Arbitrary<ClientFrame | ServerFrame>, (frame) => {
        expect(decode(encodeFrame(frame))).toStrictEqual({ ok: true, frame });
      }),
    );
  });
});

const known = new Set([
  ...ends.flatMap(({ shapes }) => Object.values(shapes).flatMap(Object.keys)),
  '__proto__',
]);
/** What a newer peer may add. */
const anyNewField = fc.string({ minLength: 1, maxLength: 12 }).filter((field) => !known.has(field));

it('fields of a newer peer are dropped, and change nothing else', () => {
  const anyMore = fc.tuple(anyNewField, fc.jsonValue()).map(([field, value]) => ({ [field]: value }));
  fc.assert(
    fc.property(anyClientFrame, anyServerFrame, anyMore, (asked, told, more) => {
      const [askedText, toldText] = [asked, told].map((frame) => JSON.stringify({ ...more, ...frame }));
      expect(decodeClientFrame(askedText as string)).toStrictEqual({ ok: true, frame: asked });
      expect(decodeServerFrame(toldText as string)).toStrictEqual({ ok: true, frame: told });
    }),
  );
});

it('a frame without a field that must be there is refused', () => {
  fc.assert(
    fc.property(anyClientFrame, anyServerFrame, fc.nat(), (asked, told, chosen) => {
      for (const [frame, { shapes, decode }] of [
        [asked, ends[0]],
        [told, ends[1]],
      ] as const) {
        const needed = Object.keys(frame).filter(
          (field) => shapes[frame.type]?.[field]?.isOptional === false,
        );
        const gone = needed[chosen % needed.length] as string;
        const { [gone as keyof typeof frame]: _, ...rest } = frame;
        expect(decode(JSON.stringify(rest)).ok, `${frame.type} without ${gone}`).toBe(false);
      }
    }),
  );
});

/** The same frame as parts with ready-made payloads. */
function partsOf<F extends Pick<MessageFrame, 'data' | 'notification'>>({ data, notification, ...rest }: F) {
  return {
    ...rest,
    ...(data === undefined ? {} : { dataJson: JSON.stringify(data) }),
    ...(notification === undefined ? {} : { notificationJson: JSON.stringify(notification) }),
  };
}

it('a message or volatile one made of ready-made JSON is the very text of its frame', () => {
  fc.assert(
    fc.property(serverFrames.message, serverFrames.volatile, (message, volatile) => {
      for (const [frame, text] of [
        [message, encodeMessage(partsOf(message))],
        [volatile, encodeVolatile(partsOf(volatile))],
      ] as const) {
        const decoded = decodeServerFrame(text);
        expect(decoded).toStrictEqual({ ok: true, frame });
        expect(decoded.ok && encodeFrame(decoded.frame)).toBe(text);
      }
    }),
  );
});
