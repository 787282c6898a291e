/** Doorbells come out as they went in; whatever is no batch is a RangeError and never anything else. */
import { describe, expect, it } from 'vitest';
import { anySeed, Seeded } from './contracts/seeded.js';
import {
  type Doorbell,
  doorbellKinds,
  encodeDoorbell,
  joinDoorbells,
  readDoorbells,
  splitDoorbells,
} from './doorbell.js';
import { allLog, topicLog, userKey, userLog } from './keys.js';

const bells: Doorbell[] = [
  {
    kind: 'entry',
    log: userLog(userKey('demo', 'ann')),
    seq: 1,
    acceptedAt: 1_800_000_000_000,
    expiresAt: 1_800_000_600_000,
    frame: '{}',
  },
  {
    kind: 'recalled',
    log: topicLog('demo', 'x'.repeat(128)),
    seq: 2 ** 53 - 1,
    acceptedAt: 0,
    expiresAt: 2 ** 52,
    frame: '',
  },
  {
    kind: 'volatile',
    log: allLog('d'),
    seq: 7,
    acceptedAt: 1.5,
    expiresAt: 2,
    frame: '{"data":"é🙂 \\u0000"}'.repeat(500),
  },
];

describe('a batch', () => {
  it('holds its doorbells in the order given', () => {
    expect(read(joinDoorbells(bells.map(encodeDoorbell)))).toEqual(bells);
  });

  it('may hold none', () => {
    expect(readDoorbells(joinDoorbells([]))).toEqual([]);
    expect(splitDoorbells(joinDoorbells([]))).toEqual([]);
  });

  it('comes apart into slices that make up other batches', () => {
    const slices = splitDoorbells(joinDoorbells(bells.map(encodeDoorbell)));
    expect(slices.map((slice) => slice.log)).toEqual(bells.map((bell) => bell.log));
    expect(read(joinDoorbells([slices[2]!, slices[0]!]))).toEqual([bells[2], bells[0]]);
  });

  it('is read wherever its bytes lie in a larger buffer', () => {
    const batch = joinDoorbells(bells.map(encodeDoorbell));
    const space = new Uint8Array(batch.length + 20).fill(255);
    space.set(batch, 7);
    expect(read(space.subarray(7, 7 + batch.length))).toEqual(bells);
  });

  it('shares its bytes with the frames that are read from it', () => {
    const batch = joinDoorbells(bells.map(encodeDoorbell));
    for (const view of readDoorbells(batch)) expect(view.frame.buffer).toBe(batch.buffer);
  });

  const seed = anySeed();
  it(`holds any doorbells (seed ${seed})`, () => {
    const random = new Seeded(seed);
    for (let round = 0; round < 200; round++) {
      const some = Array.from({ length: random.whole(0, 12) }, () => randomBell(random));
      expect(read(joinDoorbells(some.map(encodeDoorbell)))).toEqual(some);
    }
  });
});

describe('what is no batch', () => {
  it('is refused when it ends anywhere but between two doorbells', () => {
    const slices = bells.slice(0, 2).map(encodeDoorbell);
    const batch = joinDoorbells(slices);
    const ends = new Set([1, 1 + slices[0]!.bytes.length, batch.length]);
    for (let length = 0; length <= batch.length; length++) {
      const read = () => readDoorbells(batch.subarray(0, length)).length;
      const split = () => splitDoorbells(batch.subarray(0, length)).length;
      if (ends.has(length)) expect(read()).toBe(split());
      else for (const each of [read, split]) expect(each).toThrow(RangeError);
    }
  });

  it('is refused when it is of another version', () => {
    const batch = joinDoorbells(bells.map(encodeDoorbell));
    for (const version of [0, 1, 255]) {
      batch[0] = version;
      expect(() => readDoorbells(batch)).toThrow(RangeError);
    }
  });

  it('is refused when a length in it is too small or too large', () => {
    for (const length of [0, 1, 26, 27, 28, 2 ** 31, 2 ** 32 - 1]) {
      const batch = joinDoorbells([encodeDoorbell(bells[0]!)]);
      new DataView(batch.buffer).setUint32(1, length);
      expect(() => readDoorbells(batch)).toThrow(RangeError);
    }
    const batch = joinDoorbells([encodeDoorbell(bells[0]!)]);
    new DataView(batch.buffer).setUint16(5, 65_535);
    expect(() => splitDoorbells(batch)).toThrow(RangeError);
  });

  const seed = anySeed();
  it(`is a RangeError or some doorbells, whatever the bytes (seed ${seed})`, () => {
    const random = new Seeded(seed);
    const batch = joinDoorbells(bells.map(encodeDoorbell));
    for (let round = 0; round < 3_000; round++) {
      const bytes =
        round % 2 ? random.bytes(random.whole(0, 80)) : batch.slice(0, random.whole(0, batch.length));
      if (bytes.length > 0) bytes[0] = 2;
      for (let flip = 0; flip < 4 && bytes.length > 1; flip++) {
        bytes[random.whole(1, Math.min(60, bytes.length - 1))] = random.whole(0, 255);
      }
      expectTotal(() => readDoorbells(bytes));
    }
  });
});

function read(batch: Uint8Array): Doorbell[] {
  return readDoorbells(batch).map(({ frame, ...rest }) => ({
    ...rest,
    frame: new TextDecoder().decode(frame),
  }));
}

function expectTotal(read: () => unknown[]): void {
  try {
    expect(Array.isArray(read())).toBe(true);
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
  }
}

function randomBell(random: Seeded): Doorbell {
  const letters = ['a', 'é', '漢', '🙂', '"', '\\', '\n'];
  return {
    kind: doorbellKinds[random.whole(0, doorbellKinds.length - 1)]!,
    log: topicLog('demo', `t${random.whole(0, 1e9)}`),
    seq: random.whole(1, 2 ** 53 - 1),
    acceptedAt: random.whole(0, 2 ** 42),
    expiresAt: random.whole(0, 2 ** 42),
    frame: Array.from({ length: random.whole(0, 300) }, () => letters[random.whole(0, 6)]).join(''),
  };
}
