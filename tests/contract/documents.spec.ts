// The documents are what their specifications allow, and what Collect serves.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { apiVersion, asyncApi, openApi, operations } from '@carillon/api';
import { closeCodes, frameSchemas } from '@carillon/wire';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Served, serve } from './real-routes.ts';

const resolve = createRequire(import.meta.url).resolve;
const read = (name: string) => JSON.parse(readFileSync(resolve(name), 'utf8')) as object;

let collect: Served;
beforeAll(async () => {
  collect = await serve('collect');
});
afterAll(() => collect?.stop());

describe('openapi.json', () => {
  it.each(['open', 'closed'] as const)('is OpenAPI 3.1 with %s replies', async (replies) => {
    const validator = new Validator();
    // The validator keeps what it is given, and changes it.
    const { valid, errors } = await validator.validate(structuredClone(openApi({ replies })));
    expect(errors ?? []).toEqual([]);
    expect([valid, validator.version]).toEqual([true, '3.1']);
  });

  it('has nothing that leads nowhere', () => {
    expect(deadReferences(openApi())).toEqual([]);
  });

  it('is served to everybody', async () => {
    const answer = await collect.get('/openapi.json');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'application/json; charset=utf-8',
    ]);
    expect(await answer.json()).toEqual(JSON.parse(JSON.stringify(openApi())));
  });

  it('says the version of the package', () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../../libs/api/package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    expect(apiVersion).toBe(version);
  });

  it('refuses to give two schemas one name, or two rows one address', () => {
    const [first, second] = operations.filter(({ request }) => request !== undefined);
    if (!first?.request || !second?.request) throw new Error('two operations with a body are needed');
    const stolen = { ...second, request: { ...second.request, name: first.request.name } };
    expect(() => openApi({ table: [first, stolen] })).toThrow(`two schemas are called ${first.request.name}`);
    expect(() => openApi({ table: [first, first] })).toThrow('has two rows');
  });
});

describe('asyncapi.json', () => {
  const document = JSON.parse(JSON.stringify(asyncApi())) as {
    readonly channels: { readonly socket: Readonly<Record<string, unknown>> };
    readonly operations: Readonly<Record<string, object>>;
    readonly components: { readonly messages: Readonly<Record<string, unknown>> };
  };

  it('is AsyncAPI 3.1', () => {
    const ajv = new Ajv({ strict: false, meta: false, validateSchema: false });
    formats.default(ajv);
    const validate = ajv.compile(read('@asyncapi/specs/schemas/3.1.0.json'));
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
    expect(validate({ ...document, channels: { socket: { address: 7 } } })).toBe(false);
  });

  it('has nothing that leads nowhere', () => {
    expect(deadReferences(document)).toEqual([]);
  });

  it('has every frame, each in an operation, and every close code', () => {
    const { client, server } = frameSchemas();
    const frames = [
      ...Object.keys(client).map((type) => `client-${type}`),
      ...Object.keys(server).map((type) => `server-${type}`),
    ].toSorted();
    expect(Object.keys(document.components.messages).toSorted()).toEqual(frames);
    const used = JSON.stringify(document.operations).matchAll(/#\/channels\/socket\/messages\/([\w-]+)/g);
    expect([...new Set([...used].map(([, name = '']) => name))].toSorted()).toEqual(frames);
    expect(document.channels.socket['x-close-codes']).toHaveLength(Object.keys(closeCodes).length);
  });

  it('is served to everybody', async () => {
    const answer = await collect.get('/asyncapi.json');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual(document);
  });
});

/** References of a document that lead to nothing in it. */
function deadReferences(document: object): string[] {
  const text = JSON.stringify(document);
  const pointers = new Set([...text.matchAll(/"\$ref":"#([^"]+)"/g)].map(([, pointer = '']) => pointer));
  expect(pointers.size).toBeGreaterThan(5);
  return [...pointers].filter((pointer) => {
    let value: unknown = document;
    for (const part of pointer.split('/').slice(1)) {
      value = (value as Record<string, unknown> | undefined)?.[part.replaceAll('~1', '/')];
    }
    return value === undefined;
  });
}
