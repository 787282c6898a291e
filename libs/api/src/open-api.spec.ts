/** The document says what it is made from: words for every field, names, and what every refusal carries. */
import { errorCodes } from '@carillon/wire';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openApi } from './open-api.js';
import { fieldWords, queryWords } from './open-api-words.js';
import { operations } from './operations.js';
import type { Operation } from './operations-shape.js';

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

interface Answer {
  readonly headers: Readonly<Record<string, object>>;
  readonly content?: Readonly<Record<string, { readonly schema: { readonly allOf: readonly object[] } }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Answer>>;
  };
}

interface DocumentedOperation {
  readonly security: readonly object[];
  readonly parameters: readonly Readonly<Record<string, unknown>>[];
  readonly responses: Readonly<Record<string, Answer | { readonly $ref: string }>>;
}

const document = openApi() as unknown as Document;

/** Every field of a schema by its path, with its words. */
function fieldsOf(schema: Schema, path = ''): [string, string | undefined][] {
  const inner = [schema.items, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]): [string, string | undefined][] => {
      const place = path === '' ? name : `${path}.${name}`;
      return [[place, field.description], ...fieldsOf(field, place)];
    }),
    ...inner.flatMap((each) => (each === undefined ? [] : fieldsOf(each, path))),
  ];
}

const row: Operation = {
  id: 'getThing',
  method: 'get',
  path: '/v1/messages/{id}',
  service: 'collect',
  tag: 'messages',
  summary: 'A thing',
  access: { scope: 'messages:read' },
  replies: { 200: { description: 'It.', name: 'Thing', schema: z.strictObject({ a: z.int() }) } },
};

function documented(change: Partial<Operation>, replies: 'open' | 'closed' = 'open'): Document {
  return openApi({ table: [{ ...row, ...change }], replies }) as unknown as Document;
}

function operationOf({ paths }: Document): DocumentedOperation {
  const [operation] = Object.values(paths).flatMap((item) => Object.values(item));
  if (operation === undefined) throw new Error('there is no operation');
  return operation;
}

function resolved({ components }: Document, answer: Answer | { readonly $ref: string }): Answer {
  if (!('$ref' in answer)) return answer;
  const found = components.responses[answer.$ref.replace('#/components/responses/', '')];
  if (found === undefined) throw new Error(`there is no ${answer.$ref}`);
  return found;
}

describe('openApi', () => {
  it('says of every field what it is for', () => {
    const silent = Object.entries(document.components.schemas).flatMap(([name, schema]) =>
      fieldsOf(schema)
        .filter(([, words]) => words === undefined)
        .map(([path]) => `${name}: { '${path}': … }`),
    );
    expect(silent, 'say it in open-api-words.ts').toEqual([]);
    const parameters = Object.values(document.paths)
      .flatMap((item) => Object.values(item))
      .flatMap((operation) => operation.parameters);
    const queries = parameters.filter((parameter) => parameter.in === 'query');
    expect(queries.filter(({ description }) => description === undefined)).toEqual([]);
  });

  it('has words for no field that is gone', () => {
    const known = new Map(
      Object.entries(document.components.schemas).map(([name, schema]) => [name, new Map(fieldsOf(schema))]),
    );
    const stale = Object.entries(fieldWords).flatMap(([name, words]) =>
      Object.entries(words)
        .filter(([path, text]) => known.get(name)?.get(path) !== text)
        .map(([path]) => `${name}.${path}`),
    );
    expect(stale).toEqual([]);
    const names = new Set(operations.flatMap(({ query }) => Object.keys(query?.shape ?? {})));
    expect(Object.keys(queryWords).filter((name) => !names.has(name))).toEqual([]);
  });

  it('leaves replies open for what is to come, and closes them for tests', () => {
    expect(documented({}).components.schemas.Thing).not.toHaveProperty('additionalProperties');
    expect(documented({}, 'closed').components.schemas.Thing).toMatchObject({ additionalProperties: false });
  });

  it('keeps requests closed', () => {
    expect(document.components.schemas.MessageRequest).toMatchObject({ additionalProperties: false });
  });

  it('asks for the credential of the row', () => {
    const security = (access: Operation['access']) => operationOf(documented({ access })).security;
    expect(security({ scope: 'broadcast' })).toEqual([{ apiKey: ['broadcast'] }]);
    expect(security('user')).toEqual([{ userToken: [] }]);
    expect(security('anybody')).toEqual([]);
  });

  it('names the codes of each status, and no other', () => {
    const made = documented({ errors: ['too_late'] });
    const responses = Object.fromEntries(
      Object.entries(operationOf(made).responses).map(([status, answer]) => [status, resolved(made, answer)]),
    );
    for (const [status, { content }] of Object.entries(responses)) {
      const [, narrowed] = content?.['application/problem+json']?.schema.allOf ?? [];
      if (narrowed === undefined) continue;
      const { enum: codes } = (narrowed as { properties: { code: { enum: (keyof typeof errorCodes)[] } } })
        .properties.code;
      expect(codes.map((code) => errorCodes[code].status)).toEqual(codes.map(() => Number(status)));
    }
    expect(Object.keys(responses)).toEqual(['200', '401', '403', '404', '409', '431', '500', '503']);
    expect(Object.keys(responses['503']?.headers ?? {})).toContain('Retry-After');
    expect(Object.keys(responses['401']?.headers ?? {})).toContain('WWW-Authenticate');
  });

  it('makes a parameter of every member of a query and of every part of an address', () => {
    const query = z.strictObject({ after: z.string(), limit: z.string().optional() });
    const { parameters } = operationOf(documented({ query, headers: ['Prefer'] }));
    expect(parameters.map(({ in: where, name, required, $ref }) => $ref ?? [where, name, required])).toEqual([
      ['path', 'id', true],
      ['query', 'after', true],
      ['query', 'limit', false],
      '#/components/parameters/Request-Id',
      '#/components/parameters/Prefer',
    ]);
  });

  it('refuses a part of an address that nobody has described', () => {
    expect(() => documented({ path: '/v1/{thing}' })).toThrow('add "thing" to pathParameters');
  });
});
