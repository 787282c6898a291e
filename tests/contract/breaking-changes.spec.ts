// The API never breaks what the last release promised. `released/openapi.json` is that release's document;
// what counts as a break is told rule by rule below.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { openApi } from '@carillon/api';
import { describe, expect, it } from 'vitest';
import { breakingChanges } from './breaking-changes.ts';
import type { JsonObject } from './operation-finder.ts';

const released = new URL('./released/openapi.json', import.meta.url);

describe('the API', () => {
  it('still does what the last release promised', () => {
    const now = JSON.parse(JSON.stringify(openApi())) as JsonObject;
    if (!existsSync(released) && process.env.UPDATE_DOCS === '1')
      writeFileSync(released, `${JSON.stringify(now, null, 2)}\n`);
    expect(existsSync(released), 'there is no released document: run it with UPDATE_DOCS=1').toBe(true);
    const before = JSON.parse(readFileSync(released, 'utf8')) as JsonObject;
    expect(breakingChanges(before, now)).toEqual([]);
  });
});

const body = { type: 'object', properties: {}, required: [] as string[], additionalProperties: false };

interface Given {
  readonly request?: JsonObject;
  readonly reply?: JsonObject;
  readonly operation?: JsonObject;
  readonly schemas?: JsonObject;
}

/** A document with one operation, `POST /a`. */
function documentOf({ request = body, reply = body, operation = {}, schemas = {} }: Given): JsonObject {
  const json = (schema: JsonObject) => ({ content: { 'application/json': { schema } } });
  const post = {
    operationId: 'postA',
    security: [{ apiKey: ['a', 'b'] }],
    parameters: [{ name: 'limit', in: 'query', schema: { type: 'integer', maximum: 100 } }],
    requestBody: { required: true, ...json(request) },
    responses: {
      200: { ...json(reply), headers: { Location: { required: true, schema: { type: 'string' } } } },
      404: { description: 'none' },
    },
    ...operation,
  };
  return { paths: { '/a': { post } }, components: { schemas } };
}

function changes(before: Given, after: Given): string[] {
  return breakingChanges(documentOf(before), documentOf(after));
}

const object = (properties: JsonObject, required: readonly string[] = []) => ({
  ...body,
  properties,
  required,
});
const string = { type: 'string' };
const integer = { type: 'integer' };

/** A name, before, after, and what is said of it. */
const breaks: readonly (readonly [string, Given, Given, string])[] = [
  [
    'another operationId',
    {},
    { operation: { operationId: 'sendA' } },
    'POST /a: operationId was postA, is sendA',
  ],
  [
    'a scope more',
    { operation: { security: [{ apiKey: ['a'] }] } },
    {},
    'POST /a: apiKey a is not enough any more',
  ],
  [
    'a credential where there was none',
    { operation: { security: [] } },
    {},
    'POST /a: now asks for a credential',
  ],
  ['a parameter that is gone', {}, { operation: { parameters: [] } }, 'POST /a query limit: is gone'],
  [
    'a parameter that must be there',
    { operation: { parameters: [] } },
    { operation: { parameters: [{ name: 'x', in: 'header', required: true, schema: string }] } },
    'POST /a header x: is now required',
  ],
  [
    'a smaller range',
    {},
    {
      operation: { parameters: [{ name: 'limit', in: 'query', schema: { type: 'integer', maximum: 50 } }] },
    },
    'POST /a query limit: maximum was 100, is 50',
  ],
  ['a status that is gone', {}, { operation: { responses: { 200: {} } } }, 'POST /a 404: is gone'],
  ['a body where there was none', { operation: { requestBody: undefined } }, {}, 'POST /a: now needs a body'],
  [
    'a field that must be sent',
    { request: object({ a: string }) },
    { request: object({ a: string }, ['a']) },
    'POST /a request/a: is now required',
  ],
  [
    'a new field that must be sent',
    {},
    { request: object({ b: string }, ['b']) },
    'POST /a request/b: is now required',
  ],
  [
    'a field that may not be sent any more',
    { request: object({ a: string }) },
    {},
    'POST /a request/a: is gone',
  ],
  ['a field that is not answered any more', { reply: object({ a: string }) }, {}, 'POST /a 200/a: is gone'],
  [
    'a field that is not always answered',
    { reply: object({ a: string }, ['a']) },
    { reply: object({ a: string }) },
    'POST /a 200/a: is not always there any more',
  ],
  [
    'another type in a request',
    { request: object({ a: string }) },
    { request: object({ a: integer }) },
    'POST /a request/a: was string, is integer',
  ],
  [
    'another type in a reply',
    { reply: object({ a: integer }) },
    { reply: object({ a: { type: 'number' } }) },
    'POST /a 200/a: was integer, is number',
  ],
  [
    'a narrower type in a request',
    { request: object({ a: { type: 'number' } }) },
    { request: object({ a: integer }) },
    'POST /a request/a: was number, is integer',
  ],
  [
    'a type where anything went',
    { request: object({ a: {} }) },
    { request: object({ a: string }) },
    'POST /a request/a: was anything, is string',
  ],
  [
    'a value that may not be sent any more',
    { request: object({ a: { enum: ['x', 'y'] } }) },
    { request: object({ a: { enum: ['x'] } }) },
    'POST /a request/a: "y" is gone',
  ],
  [
    'a value that is not answered any more',
    { reply: object({ a: { enum: ['x', 'y'] } }) },
    { reply: object({ a: { const: 'x' } }) },
    'POST /a 200/a: "y" is gone',
  ],
  [
    'values where any text went',
    { request: object({ a: string }) },
    { request: object({ a: { type: 'string', enum: ['x'] } }) },
    'POST /a request/a: takes only some values now',
  ],
  [
    'a shorter list',
    { request: object({ a: { type: 'array', items: string, maxItems: 5 } }) },
    { request: object({ a: { type: 'array', items: string, maxItems: 4 } }) },
    'POST /a request/a: maxItems was 5, is 4',
  ],
  [
    'another kind of items',
    { reply: object({ a: { type: 'array', items: string } }) },
    { reply: object({ a: { type: 'array', items: integer } }) },
    'POST /a 200/a/0: was string, is integer',
  ],
  [
    'another kind of members',
    { reply: { type: 'object', additionalProperties: string } },
    { reply: { type: 'object', additionalProperties: integer } },
    'POST /a 200/*: was string, is integer',
  ],
  [
    'a pattern where there was none',
    { request: object({ a: string }) },
    { request: object({ a: { ...string, pattern: '^a$' } }) },
    'POST /a request/a: has a pattern now',
  ],
  [
    'an alternative that may not be sent any more',
    { request: object({ a: { anyOf: [string, { type: 'array', items: string }] } }) },
    { request: object({ a: string }) },
    'POST /a request/a: was array, is string',
  ],
  [
    'an alternative of another kind in a reply',
    { reply: object({ a: string }) },
    { reply: object({ a: { type: ['string', 'null'] } }) },
    'POST /a 200/a: may be null now',
  ],
  [
    'a break behind a reference',
    { reply: { $ref: '#/components/schemas/A' }, schemas: { A: object({ a: string }) } },
    { reply: { $ref: '#/components/schemas/B' }, schemas: { B: object({}) } },
    'POST /a 200/a: is gone',
  ],
  [
    'a break behind allOf',
    { reply: { allOf: [object({ a: string }), { properties: { a: { enum: ['x', 'y'] } } }] } },
    { reply: { allOf: [object({ a: string }), { properties: { a: { enum: ['x'] } } }] } },
    'POST /a 200/a: "y" is gone',
  ],
  [
    'fields that are refused now',
    { request: { type: 'object' } },
    { request: { type: 'object', additionalProperties: false } },
    'POST /a request: unknown fields are refused now',
  ],
];

describe('a breaking change', () => {
  it.each(breaks.map(([name, before, after, sentence]) => ({ name, before, after, sentence })))(
    'is $name',
    ({ before, after, sentence }) => {
      expect(changes(before, after)).toContain(sentence);
      expect(changes(before, before)).toEqual([]);
    },
  );

  it('is an operation or an address that is gone', () => {
    const before = documentOf({});
    expect(breakingChanges(before, { paths: { '/a': {} } })).toEqual(['POST /a: is gone']);
    expect(breakingChanges(before, { paths: {} })).toEqual(['POST /a: is gone']);
  });

  it('is a header of an answer that is gone or not always there', () => {
    const answer = (headers: JsonObject) => ({ operation: { responses: { 200: { headers } } } });
    const always = answer({ Location: { required: true } });
    expect(changes(always, answer({}))).toEqual(['POST /a 200 header Location: is gone']);
    expect(changes(always, answer({ Location: {} }))).toEqual([
      'POST /a 200 header Location: is not always there any more',
    ]);
  });

  it('names every one', () => {
    const before = { request: object({ a: string, b: string }), reply: object({ c: string }) };
    const after = { request: object({ a: integer }), reply: object({ c: integer }) };
    expect(changes(before, after)).toEqual([
      'POST /a request/a: was string, is integer',
      'POST /a request/b: is gone',
      'POST /a 200/c: was string, is integer',
    ]);
  });
});

describe('an addition', () => {
  const marked = (kind: string, more: JsonObject = {}) =>
    object({ kind: { const: kind }, ...more }, ['kind']);

  it.each<[string, Given, Given]>([
    ['a field that may be sent', {}, { request: object({ a: string }) }],
    ['a field that is answered', {}, { reply: object({ a: string }, ['a']) }],
    ['a scope less', {}, { operation: { security: [{ apiKey: ['a'] }] } }],
    ['no credential', {}, { operation: { security: [] } }],
    [
      'another credential beside',
      {},
      { operation: { security: [{ apiKey: ['a', 'b'] }, { userToken: [] }] } },
    ],
    [
      'a wider type in a request',
      { request: object({ a: integer }) },
      { request: object({ a: { type: 'number' } }) },
    ],
    [
      'an alternative in a request',
      { request: object({ a: string }) },
      { request: object({ a: { anyOf: [string, integer] } }) },
    ],
    [
      'a value in a request',
      { request: object({ a: { enum: ['x'] } }) },
      { request: object({ a: { enum: ['x', 'y'] } }) },
    ],
    [
      'a value in a reply',
      { reply: object({ a: { enum: ['x'] } }) },
      { reply: object({ a: { enum: ['x', 'y'] } }) },
    ],
    [
      'a field in one alternative',
      { reply: { oneOf: [marked('x'), marked('y')] } },
      { reply: { oneOf: [marked('x', { a: string }), marked('y')] } },
    ],
    [
      'an alternative with a mark of its own',
      { reply: { oneOf: [marked('x')] } },
      { reply: { oneOf: [marked('x'), marked('y')] } },
    ],
    [
      'a larger limit',
      { request: object({ a: { ...string, maxLength: 5 } }) },
      { request: object({ a: string }) },
    ],
    [
      'another pattern',
      { request: object({ a: { ...string, pattern: 'a' } }) },
      { request: object({ a: { ...string, pattern: 'a|b' } }) },
    ],
    [
      'a schema with another name',
      { reply: { $ref: '#/components/schemas/A' }, schemas: { A: object({ a: string }) } },
      { reply: { $ref: '#/components/schemas/B' }, schemas: { B: object({ a: string }) } },
    ],
  ])('breaks nothing: %s', (_name, before, after) => {
    expect(changes(before, after)).toEqual([]);
  });

  it('may be an operation or a status', () => {
    const before = documentOf({});
    const { '/a': item } = before.paths as Record<string, JsonObject>;
    expect(breakingChanges(before, { paths: { '/a': { ...item, get: {} }, '/b': { get: {} } } })).toEqual([]);
  });
});
