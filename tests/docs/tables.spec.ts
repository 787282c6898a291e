// The reference is what the code says, in both directions.
import { errorsPage } from '@carillon/platform';
import { type ErrorKind, errorCodes, frameSchemas, type JsonSchema } from '@carillon/wire';
import { describe, expect, it } from 'vitest';
import { limitTables } from './limit-tables.ts';
import { textOf } from './page.ts';
import { dependencyTables, fieldCodeTables, optionTables, wireTables } from './reference-tables.ts';
import { restTables } from './rest-tables.ts';
import { comparePage, compareText, type Table } from './table.ts';

const hint = 'run it with UPDATE_DOCS=1, then fill in what is new';

describe('the reference says what the code says:', () => {
  it.each<[string, () => Readonly<Record<string, Table>>]>([
    ['docs/reference/configuration.md', optionTables],
    ['docs/reference/protocol.md', wireTables],
    ['docs/reference/errors.md', fieldCodeTables],
    ['docs/reference/limits.md', limitTables],
    ['docs/reference/dependencies.md', dependencyTables],
    ['docs/reference/rest.md', restTables],
  ])('%s', (page, tables) => {
    const { text, faults } = comparePage(page, tables());
    expect(faults, hint).toEqual([]);
    expect(textOf(page), hint).toBe(text);
  });
});

describe('docs/reference/errors.md', () => {
  const sections = new Map(
    [...textOf('docs/reference/errors.md').matchAll(/^### (\w+)\n\n(.+)\n\n(.+)/gm)].map(
      ([, code = '', facts = '', words = '']) => [code, { facts, words }] as const,
    ),
  );

  it('has a section for every code, and for nothing else', () => {
    expect([...sections.keys()]).toEqual(Object.keys(errorCodes));
  });

  it.each(Object.entries<ErrorKind>(errorCodes))('says of %s what answers with it carry', (code, kind) => {
    const { status, title, retryable, closeCode } = kind;
    const facts = [`**${status}**`, `"${title}"`, retryable ? 'retryable' : 'not retryable'];
    if (closeCode !== undefined) facts.push(`closes a socket with ${closeCode}`);
    expect(sections.get(code)?.facts).toBe(`${facts.join(' · ')}`);
    expect(sections.get(code)?.words).toMatch(/^[A-Z].{20}/);
  });

  it.each(Object.keys(errorCodes))('%s has an anchor on the page that every service serves', (code) => {
    expect(errorsPage()).toContain(`id="${code}"`);
  });
});

describe('the tables of frames', () => {
  const tables = wireTables();
  const rowsOf = (kind: string) => tables[kind]?.rows ?? [];

  /** By the name of its table, each shape that a frame may have. */
  const shapes = Object.entries(frameSchemas()).flatMap(([direction, schemas]) =>
    Object.entries<JsonSchema>(schemas).flatMap(([type, schema]): [string, JsonSchema][] => {
      if (!schema['oneOf']) return [[`${direction} ${type}`, schema]];
      const [success, failure] = schema['oneOf'] as readonly [JsonSchema, JsonSchema];
      return [
        [`${direction} ${type} success`, success],
        [`${direction} ${type} failure`, failure],
      ];
    }),
  );

  it.each(shapes)('name every field of the schema, and no other: %s', (kind, { properties }) => {
    const fields = Object.keys(properties as JsonSchema).filter((name) => name !== 'type');
    const named = rowsOf(kind).map(([name]) => name);
    expect(new Set(named)).toEqual(new Set(fields.map((name) => `\`${name}\``)));
    expect(named).toHaveLength(fields.length);
  });

  it('say of each kind of result by which value of `ok` it is known', () => {
    const okOf = (kind: string) => rowsOf(`server result ${kind}`).find(([name]) => name === '`ok`');
    expect(okOf('success')).toEqual(['`ok`', 'required', 'true']);
    expect(okOf('failure')).toEqual(['`ok`', 'required', 'false']);
  });
});

describe('a table', () => {
  const page = (body: string) => `before\n<!-- table: x -->\n${body}<!-- end -->\nafter\n`;
  const table: Table = {
    head: ['name', 'value', 'meaning'],
    rows: [
      ['a', '1'],
      ['b|c', '2'],
    ],
  };
  const good = page(
    '| name | value | meaning |\n| --- | --- | --- |\n| a | 1 | first |\n| b\\|c | 2 | second |\n',
  );

  it('is left alone where it is right', () => {
    expect(compareText(good, { x: table })).toEqual({ text: good, faults: [] });
  });

  it('keeps what people wrote when the code changes, and asks for what is new', () => {
    const changed: Table = {
      ...table,
      rows: [
        ['b|c', '3'],
        ['d', '4'],
      ],
    };
    const { text, faults } = compareText(good, { x: changed });
    expect(text).toContain('| b\\|c | 3 | second |');
    expect(text).not.toContain('first');
    expect(faults).toEqual(['say in "x" what d means']);
  });

  it('has exactly one place, and no place is without one', () => {
    expect(compareText('nothing', { x: table }).faults).toHaveLength(1);
    expect(compareText(good + good, { x: table }).faults).toHaveLength(1);
    expect(compareText(good, {}).faults).toEqual(['nothing makes the table "x"']);
  });
});
