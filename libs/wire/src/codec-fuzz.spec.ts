/** The decoder under 100,000 seeded inputs: mutated fixtures, random JSON, random text. Prints its seed;
 *  WIRE_FUZZ_SEED replays a run. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeClientFrame, decodeServerFrame, encodeFrame } from './codec.js';
import type { ClientFrame, ServerFrame } from './frames.js';

const inputsMax = 100_000;
const seed = Number(process.env.WIRE_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const texts = ['valid', 'invalid'].flatMap((name) => {
  const file = readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8');
  return (JSON.parse(file) as { text: string }[])
    .map(({ text }) => text)
    .filter((text) => text.length < 2_000);
});

describe('the decoder', () => {
  it(`never throws, and what it accepts survives a round trip (100,000 inputs, seed ${seed})`, () => {
    console.log(`wire fuzz: WIRE_FUZZ_SEED=${seed}`);
    const random = generator(seed);
    const counts = { accepted: 0, refused: 0 };
    for (let index = 0; index < inputsMax; index += 1) {
      const input = makeInput(random);
      const isAccepted = check(input);
      counts[isAccepted ? 'accepted' : 'refused'] += 1;
    }
    console.log(`wire fuzz: ${counts.accepted} accepted, ${counts.refused} refused`);
    // Both answers must be common, or the inputs would not reach what they are meant to test.
    expect(counts.accepted).toBeGreaterThan(inputsMax / 100);
    expect(counts.refused).toBeGreaterThan(inputsMax / 10);
  });
});

function check(input: string): boolean {
  let isAccepted = false;
  for (const decode of [decodeClientFrame, decodeServerFrame]) {
    const first = attempt(decode, input);
    if (!first.ok) continue;
    isAccepted = true;
    const text = encodeFrame(first.frame);
    const again = attempt(decode, text);
    if (!again.ok || encodeFrame(again.frame) !== text)
      expect.fail(`seed ${seed}: no round trip of ${input}`);
  }
  return isAccepted;
}

function attempt(decode: typeof decodeClientFrame | typeof decodeServerFrame, text: string) {
  try {
    const result = decode(text);
    if (!result.ok && (typeof result.reason !== 'string' || result.reason === '')) {
      expect.fail(`seed ${seed}: refused without a reason: ${text}`);
    }
    return result as { ok: true; frame: ClientFrame | ServerFrame } | { ok: false };
  } catch (error) {
    expect.fail(`seed ${seed}: threw ${String(error)} on ${JSON.stringify(text)}`);
  }
}

type Draw = (below: number) => number;

/** mulberry32 */
function generator(start: number): Draw {
  let state = start >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function makeInput(random: Draw): string {
  const kind = random(10);
  if (kind < 3) return mutateText(random, pick(random, texts));
  if (kind < 7) return mutateField(random, pick(random, texts));
  if (kind < 9) return JSON.stringify(randomJson(random, 4));
  return randomText(random, 60);
}

function mutateText(random: Draw, text: string): string {
  let mutated = text;
  for (let turn = random(3); turn >= 0; turn -= 1) {
    const at = random(mutated.length + 1);
    const until = at + random(4);
    mutated = mutated.slice(0, at) + randomText(random, 3) + mutated.slice(until);
  }
  return mutated;
}

function mutateField(random: Draw, text: string): string {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    // Some of the invalid fixtures are no JSON; their text is mutated instead.
    return mutateText(random, text);
  }
  if (typeof frame !== 'object' || frame === null) return text;
  const record = frame as Record<string, unknown>;
  const key = pick(random, [...Object.keys(record), 'data', '__proto__', 'extra']);
  if (random(4) === 0) delete record[key];
  else
    Object.defineProperty(record, key, {
      value: randomJson(random, 3),
      enumerable: true,
      configurable: true,
    });
  return JSON.stringify(record);
}

const oddValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1,
  7,
  1.5,
  2 ** 53 - 1,
  2 ** 53,
  1e308,
  '',
  'user',
  'topic:x',
  'all',
  'hello',
  'result',
  'toString',
  '\ud800',
  'é'.repeat(200),
];
const keys = [
  'type',
  'log',
  'seq',
  'user',
  'all',
  'topic:x',
  'from',
  'head',
  'resumed',
  '__proto__',
  'title',
];

function randomJson(random: Draw, levelsLeft: number): unknown {
  const kind = random(levelsLeft > 0 ? 4 : 2);
  if (kind < 2) return random(3) === 0 ? randomText(random, 8) : pick(random, oddValues);
  const size = random(5);
  if (kind === 2) return Array.from({ length: size }, () => randomJson(random, levelsLeft - 1));
  const entries = Array.from({ length: size }, () => [
    pick(random, keys),
    randomJson(random, levelsLeft - 1),
  ]);
  return Object.fromEntries(entries) as unknown;
}

function randomText(random: Draw, unitsMax: number): string {
  const alphabets = ['{}[]":,\\-0123456789eE.truefalsn ', 'abcXYZ019._:@-', '\u0000\n\u2028é😀\ud800\udfff'];
  const alphabet = pick(random, alphabets);
  return Array.from({ length: random(unitsMax + 1) }, () => alphabet[random(alphabet.length)]).join('');
}

function pick<T>(random: Draw, list: readonly T[]): T {
  return list[random(list.length)] as T;
}
