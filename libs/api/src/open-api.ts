/**
 * The OpenAPI 3.1 document of the REST API, made from the table of operations. Must never be edited by hand
 * anywhere: what it says is what the schemas check.
 */
import { type ErrorCode, errorCodes } from '@carillon/wire';
import {
  type JsonObject,
  type Openness,
  plainSchema,
  reference,
  schemaComponents,
} from './open-api-components.js';
import { queryWords } from './open-api-words.js';
import { operations } from './operations.js';
import {
  apiScopes,
  errorsOf,
  type Operation,
  pathParameters,
  type Reply,
  type ReplyHeader,
  type RequestBody,
  replyHeaders,
  requestHeaders,
  tags,
} from './operations-shape.js';
import { apiVersion } from './version.js';

export interface OpenApiOptions {
  readonly table?: readonly Operation[];
  /** `closed`: a reply with a field that the document does not know is wrong. For tests. */
  readonly replies?: Openness;
}

/** The same document for the same table; costs some milliseconds. */
export function openApi({ table = operations, replies = 'open' }: OpenApiOptions = {}): JsonObject {
  const used = new Set(table.map(({ tag }) => tag));
  return {
    openapi: '3.1.1',
    info: {
      title: 'Carillon',
      summary: 'Messages to the browsers of your users, and proof of what became of them',
      description: guidance,
      version: apiVersion,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The server that this document came from' }],
    tags: Object.entries(tags)
      .filter(([name]) => used.has(name as Operation['tag']))
      .map(([name, description]) => ({ name, description })),
    paths: pathsOf(table),
    components: {
      schemas: schemaComponents(table, replies),
      parameters: namedParameters(table),
      headers: namedHeaders(table),
      responses: Object.fromEntries(
        table.flatMap(refusalsOf).map(({ name, ...refusal }) => [name, refusalObject(refusal)]),
      ),
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: scopesText() },
        userToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The token of one user, from POST /v1/tokens or signed by your own system.',
        },
      },
    },
  };
}

const guidance =
  'The tenant comes from the credential, never from a body. Requests are strict: an unknown field is' +
  ' refused by name. Replies may gain fields. Every refusal is application/problem+json (RFC 9457): branch' +
  ' on `code`.' +
  ' Where `retryable` is true, send the same again after `Retry-After`, with the same `Idempotency-Key`.';

function scopesText(): string {
  const scopes = Object.entries(apiScopes).map(([scope, meaning]) => `\`${scope}\`: ${meaning}.`);
  return `An API key. Its scopes: ${scopes.join(' ')}`;
}

function pathsOf(table: readonly Operation[]): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const operation of table) {
    const { path, method } = operation;
    const item = paths[path] ?? {};
    paths[path] = item;
    if (item[method] !== undefined) throw new Error(`${method} ${path} has two rows`);
    item[method] = operationObject(operation);
  }
  return paths;
}

function operationObject(operation: Operation): JsonObject {
  const { id, tag, summary, description, request, replies, access } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: securityOf(access),
    parameters: parametersOf(operation),
    ...(request === undefined ? {} : { requestBody: requestObject(request) }),
    responses: {
      ...Object.fromEntries(Object.entries(replies).map(([status, reply]) => [status, replyObject(reply)])),
      ...Object.fromEntries(
        refusalsOf(operation).map(({ status, name }) => [status, { $ref: `#/components/responses/${name}` }]),
      ),
    },
  };
}

function securityOf(access: Operation['access']): readonly JsonObject[] {
  if (access === 'anybody') return [];
  return access === 'user' ? [{ userToken: [] }] : [{ apiKey: [access.scope] }];
}

function parametersOf({ path, query, headers = [] }: Operation): readonly JsonObject[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => pathParameter(name, path));
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: !schema.safeParse(undefined).success,
    ...(queryWords[name] === undefined ? {} : { description: queryWords[name] }),
    schema: plainSchema(schema as Parameters<typeof plainSchema>[0]),
  }));
  const inHeaders = ['Request-Id', ...headers].map((name) => ({ $ref: `#/components/parameters/${name}` }));
  return [...inPath, ...inQuery, ...inHeaders];
}

function pathParameter(name: string, path: string): JsonObject {
  const known = pathParameters[name];
  if (known === undefined) throw new Error(`${path}: add "${name}" to pathParameters`);
  return {
    name,
    in: 'path',
    required: true,
    description: known.description,
    schema: plainSchema(known.schema),
  };
}

function namedParameters(table: readonly Operation[]): JsonObject {
  const used = new Set<string>(['Request-Id', ...table.flatMap(({ headers = [] }) => headers)]);
  return Object.fromEntries(
    Object.entries(requestHeaders)
      .filter(([name]) => used.has(name))
      .map(([name, { schema, description }]) => [
        name,
        { name, in: 'header', required: false, description, schema: plainSchema(schema) },
      ]),
  );
}

function namedHeaders(table: readonly Operation[]): JsonObject {
  const ofReplies = table.flatMap(({ replies }) =>
    Object.values(replies).flatMap(({ headers = {} }) => Object.keys(headers)),
  );
  const used = new Set(['Request-Id', ...Object.values(headersOfStatus).flat(), ...ofReplies]);
  const both = (name: string, description: string, schema: JsonObject) => [
    [name, { description, required: true, schema }],
    [`${name}.sometimes`, { description, schema }],
  ];
  return Object.fromEntries(
    Object.entries(replyHeaders)
      .filter(([name]) => used.has(name))
      .flatMap(([name, { schema, description }]) => both(name, description, plainSchema(schema))),
  );
}

function headersOf(headers: Reply['headers'] = {}): JsonObject {
  const named = Object.entries({ ...headers, 'Request-Id': headers['Request-Id'] ?? 'always' });
  return Object.fromEntries(
    named.map(([name, when]) => [
      name,
      { $ref: `#/components/headers/${when === 'always' ? name : `${name}.sometimes`}` },
    ]),
  );
}

function requestObject({ name, example, otherTypes = [], judgedOneByOne }: RequestBody): JsonObject {
  return {
    required: true,
    content: contentOf({ type: 'application/json', name, example, otherTypes }),
    ...(judgedOneByOne === undefined ? {} : { 'x-judged-one-by-one': judgedOneByOne }),
  };
}

function replyObject({ description, name, example, otherTypes = [], headers }: Reply): JsonObject {
  const content =
    name === undefined ? {} : { content: contentOf({ type: 'application/json', name, example, otherTypes }) };
  return { description, headers: headersOf(headers), ...content };
}

interface Content {
  readonly type: string;
  readonly name: string;
  readonly example: unknown;
  readonly otherTypes: readonly string[];
}

function contentOf({ type, name, example, otherTypes }: Content): JsonObject {
  const examples = example === undefined ? {} : { examples: { usual: { value: example } } };
  const others = otherTypes.map((other) => [other, { schema: { type: 'string' } }] as const);
  return { [type]: { schema: reference(name), ...examples }, ...Object.fromEntries(others) };
}

const headersOfStatus: Readonly<Record<number, readonly ReplyHeader[]>> = {
  401: ['WWW-Authenticate'],
  429: ['Retry-After'],
  503: ['Retry-After'],
};

interface Refusal {
  readonly status: number;
  readonly codes: readonly ErrorCode[];
}

/** One for each status, with the name that all operations with the same codes share. */
function refusalsOf(operation: Operation): readonly (Refusal & { readonly name: string })[] {
  const byStatus = Map.groupBy(errorsOf(operation).toSorted(), (code) => errorCodes[code].status);
  return [...byStatus].map(([status, codes]) => ({ status, codes, name: [status, ...codes].join('.') }));
}

function refusalObject({ status, codes }: Refusal): JsonObject {
  const headers: Partial<Record<ReplyHeader, 'always' | 'sometimes'>> = {};
  for (const name of headersOfStatus[status] ?? []) headers[name] = 'always';
  // Node's parser answers before there is a request.
  if (status === 400 || status === 431) headers['Request-Id'] = 'sometimes';
  return {
    description: codes.map((code) => `\`${code}\`: ${errorCodes[code].title}.`).join(' '),
    headers: headersOf(headers),
    content: {
      'application/problem+json': {
        schema: { allOf: [reference('Problem'), { properties: { code: { enum: codes } } }] },
      },
    },
  };
}
