// The schemas of asyncapi.json and the decoder of the socket say the same of every frame: of the golden
// ones, and of those with a field changed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeClientFrame, decodeServerFrame, frameSchemas, limits } from '@carillon/wire';
import { Ajv, type ValidateFunction } from 'ajv';
import { rolldown } from 'rolldown';
import { describe, expect, it } from 'vitest';
import { root } from '../house/command.ts';

type Direction = 'client' | 'server';
type Frame = Readonly<Record<string, unknown>>;

interface Fixture {
  readonly name: string;
  readonly direction: Direction;
  readonly text: string;
}

/** Right in shape, and refused for what JSON Schema cannot say. */
const beyondSchemas = [
  'a call with an infinite number',
  'a call with data of 33 levels',
  'a frame that is too big',
  'a hello with a cursor of minus zero',
  'a skip that runs backwards',
];

const ajv = new Ajv({ strict: false });
const schemas = frameSchemas();
const validators: Readonly<Record<Direction, Readonly<Record<string, ValidateFunction>>>> = {
  client: compiled(schemas.client),
  server: compiled(schemas.server),
};
const valid = fixtures('valid');
const invalid = fixtures('invalid');

describe('the schemas', () => {
  it.each(valid)('allow $name', ({ direction, text }) => {
    expect(allows(direction, JSON.parse(text))).toBe(true);
  });

  it.each(invalid.filter(({ name }) => !beyondSchemas.includes(name)))(
    'and the decoder refuse $name',
    ({ direction, text }) => {
      expect(decodes(direction, text)).toBe(false);
      expect(allows(direction, parsed(text))).toBe(false);
    },
  );

  it('leave to the decoder what they cannot say, and no more', () => {
    const left = invalid.filter(({ direction, text }) => allows(direction, parsed(text)));
    expect(left.map(({ name }) => name).toSorted()).toEqual(beyondSchemas.toSorted());
    for (const { direction, text } of left) expect(decodes(direction, text)).toBe(false);
  });
});

describe('the SDK', () => {
  it('carries no schemas into a page', async () => {
    const build = await rolldown({
      input: join(root, 'libs/client/src/index.ts'),
      resolve: { conditionNames: ['@carillon/source', 'import'] },
    });
    const { output } = await build.generate({ format: 'esm' });
    await build.close();
    const modules = output[0].moduleIds.map((id) => id.slice(id.lastIndexOf('/') + 1));
    expect(modules).toContain('connector.ts');
    expect(modules).not.toContain('frame-schemas.ts');
    expect(output[0].code).not.toContain('propertyNames');
  });
});

describe('a golden frame with one field changed', () => {
  const values: readonly unknown[] = [
    ...[undefined, null, true, false, 0, 1, -1, 1.5, 2 ** 53, 16_384],
    ...['', 'a', 'a/b', 'user', 'all', 'topic:', 'topic:a', 'expired', 'a_b', 'x'.repeat(129)],
    ...['x'.repeat(1_025), 'x'.repeat(4_097)],
    ...[[], [1], [0], ['a'], ['a/b'], Array(65).fill(1), Array(101).fill('a'), Array(257).fill('a')],
    ...[{}, { user: 1 }, { nothing: 1 }, { all: { from: 1, head: 2, resumed: true } }],
    ...[{ all: { from: 1, head: 2 } }, { title: '' }, { title: 'T' }, { title: 'T', url: 7 }],
    ...[
      { code: 'a', title: 'T', retryable: true },
      { code: 'A', title: 'T', retryable: true },
    ],
    { frameBytesMax: 1, ackWindowBytes: 1, topicsPerSessionMax: 1 },
    Object.fromEntries(Array.from({ length: 259 }, (_, at) => [`topic:${at}`, 1])),
  ];

  it.each(valid)('is judged alike by both: $name', ({ direction, text }) => {
    const frame = JSON.parse(text) as Frame;
    const differing = Object.keys(frame).flatMap((field) =>
      values
        .map((value) => ({ ...frame, [field]: value }))
        .filter((changed) => !isBackwards(changed) && JSON.stringify(changed).length <= limits.frameBytesMax)
        .filter((changed) => isJudgedApart(direction, changed))
        .map((changed) => `${field}: ${JSON.stringify(changed[field])?.slice(0, 80)}`),
    );
    expect(differing).toEqual([]);
  });
});

function isJudgedApart(direction: Direction, frame: Frame): boolean {
  const text = JSON.stringify(frame);
  return decodes(direction, text) !== allows(direction, JSON.parse(text));
}

/** One field against another is beyond a schema. */
function isBackwards({ type, from, to }: Frame): boolean {
  return type === 'skip' && Number(from) > Number(to);
}

function decodes(direction: Direction, text: string): boolean {
  return (direction === 'client' ? decodeClientFrame(text) : decodeServerFrame(text)).ok;
}

function allows(direction: Direction, frame: unknown): boolean {
  if (typeof frame !== 'object' || frame === null) return false;
  const { type } = frame as Frame;
  const known = validators[direction];
  if (typeof type !== 'string' || !Object.hasOwn(known, type)) return false;
  return known[type]?.(frame) === true;
}

function compiled(all: Readonly<Record<string, object>>): Readonly<Record<string, ValidateFunction>> {
  return Object.fromEntries(Object.entries(all).map(([type, schema]) => [type, ajv.compile(schema)]));
}

/** Undefined for what is no JSON: no schema could judge it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // Half a frame, or two.
  }
}

function fixtures(name: string): Fixture[] {
  return JSON.parse(readFileSync(join(root, 'libs/wire/fixtures', `${name}.json`), 'utf8')) as Fixture[];
}
