// Holds one exchange against the OpenAPI document: status, headers, body, and the request where it was taken.
// Must never quote what an exchange carried.
import { openApi } from '@carillon/api';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { type Exchange, mediaTypeOf } from './exchange.ts';
import { type JsonObject, OperationFinder } from './operation-finder.ts';

export interface CheckOptions {
  /** Without the wiring of a process: nobody puts `Request-Id` on an answer. */
  readonly isBare?: boolean;
}

interface Place {
  /** Operation and status, as a fault names them. */
  readonly name: string;
  readonly exchange: Exchange;
}

const addressFaults = [404, 405];
const problemType = 'application/problem+json';

export class ExchangeCheck {
  readonly #finder: OperationFinder;
  readonly #isBare: boolean;
  readonly #bodies: Ajv2020;
  readonly #texts: Ajv2020;

  /** `document`: with closed replies, so that a field that it does not know is a fault. */
  constructor({ isBare = false }: CheckOptions = {}, document: JsonObject = openApi({ replies: 'closed' })) {
    this.#isBare = isBare;
    this.#finder = new OperationFinder(document);
    const options = { strict: false, allErrors: true, validateSchema: false } as const;
    this.#bodies = new Ajv2020(options);
    // Queries and headers are text, whatever their schema says.
    this.#texts = new Ajv2020({ ...options, coerceTypes: true });
    for (const ajv of [this.#bodies, this.#texts]) {
      formats.default(ajv);
      ajv.addSchema(document, 'api');
    }
  }

  /** True for an address that the document has, with whatever method. */
  knows(path: string): boolean {
    return this.#finder.knows(path);
  }

  /** Operation, pointer and reason of everything that the document does not allow; empty: all is well. */
  faultsOf(exchange: Exchange): string[] {
    const { method, path, status } = exchange;
    const found = this.#finder.find(method, path);
    if (found === undefined) return this.#faultsOfAddress(exchange);
    const place = { name: `${found.id} ${status}`, exchange };
    const reply = this.#finder.at(`${found.pointer}/responses/${status}`);
    if (reply === undefined) return [`${place.name}: the document has no such status`];
    return [
      ...this.#headerFaults(place, `${reply.pointer}/headers`),
      ...this.#bodyFaults(place, reply.pointer),
      ...(status < 300 ? this.#requestFaults(place, found.pointer) : []),
    ];
  }

  /** The address is known and the method is not: a refusal, as every address may give. */
  #faultsOfAddress({ method, path, status, body }: Exchange): string[] {
    const name = `${method} ${path} ${status}`;
    if (!addressFaults.includes(status)) return [`${name}: the document has no such method`];
    return this.#judge(name, body, '/components/schemas/Problem');
  }

  #headerFaults({ name, exchange }: Place, pointer: string): string[] {
    return this.#finder.members(pointer).flatMap(([header, object, place]) => {
      const value = exchange.headers.get(header);
      if (value !== null) return this.#textFaults(`${name} header ${header}`, value, `${place}/schema`);
      const isMissed = object.required === true && !(this.#isBare && header === 'Request-Id');
      return isMissed ? [`${name} header ${header}: is missing`] : [];
    });
  }

  #bodyFaults({ name, exchange }: Place, pointer: string): string[] {
    const { body, headers } = exchange;
    const types = this.#finder.members(`${pointer}/content`).map(([type]) => type);
    if (types.length === 0) return body === '' ? [] : [`${name}: has a body, and the document has none`];
    const type = mediaTypeOf(headers);
    if (!types.includes(type)) return [`${name}: is ${type || 'of no type'}, allowed is ${types.join(', ')}`];
    if (type !== 'application/json' && type !== problemType) return [];
    return this.#judge(name, body, contentPointer(pointer, type));
  }

  #requestFaults(place: Place, pointer: string): string[] {
    const { name, exchange } = place;
    const parameters = this.#finder.members(`${pointer}/parameters`).flatMap(([, object, at]) => {
      const value = textOf(exchange, object);
      const what = `${name} ${String(object.in)} ${String(object.name)}`;
      if (value !== undefined) return this.#textFaults(what, value, `${at}/schema`);
      return object.required === true && object.in !== 'path' ? [`${what}: is missing`] : [];
    });
    return [...parameters, ...this.#requestBodyFaults(place, `${pointer}/requestBody`)];
  }

  #requestBodyFaults({ name, exchange }: Place, pointer: string): string[] {
    const object = this.#finder.at(pointer);
    const type = mediaTypeOf(exchange.requestHeaders);
    if (object === undefined || exchange.requestBody === undefined || type !== 'application/json') return [];
    const list = object.value['x-judged-one-by-one'];
    const body = typeof list === 'string' ? withoutRefused(exchange, list) : exchange.requestBody;
    return this.#judge(`${name} request`, body, contentPointer(object.pointer, type));
  }

  #judge(name: string, body: string, pointer: string): string[] {
    try {
      return said(name, this.#compiled(this.#bodies, pointer), JSON.parse(body));
    } catch (error) {
      if (error instanceof SyntaxError) return [`${name}: is not JSON`];
      throw error;
    }
  }

  #textFaults(name: string, text: string | readonly string[], pointer: string): string[] {
    return said(name, this.#compiled(this.#texts, pointer), text);
  }

  #compiled(ajv: Ajv2020, pointer: string): ValidateFunction {
    const validate = ajv.getSchema(`api#${pointer}`);
    if (validate === undefined) throw new Error(`the document has nothing at ${pointer}`);
    return validate;
  }
}

function contentPointer(pointer: string, type: string): string {
  return `${pointer}/content/${type.replace('/', '~1')}/schema`;
}

function textOf({ query, requestHeaders }: Exchange, { name, in: where }: JsonObject) {
  if (where === 'header') return requestHeaders.get(String(name)) ?? undefined;
  if (where !== 'query') return undefined;
  const values = query.getAll(String(name));
  return values.length > 1 ? values : values[0];
}

/** The request without those of its items that were refused, each by itself. */
function withoutRefused({ requestBody = '', body }: Exchange, list: string): string {
  const request = JSON.parse(requestBody) as Record<string, unknown[]>;
  const { results } = JSON.parse(body) as { results: readonly { readonly status: string }[] };
  const taken = request[list]?.filter((_, at) => results[at]?.status !== 'refused') ?? [];
  // A list of which nothing was taken may be empty, whatever its schema says.
  return JSON.stringify(taken.length > 0 ? { ...request, [list]: taken } : request);
}

function said(name: string, validate: ValidateFunction, value: unknown): string[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).map((error) => {
    const place = [name, error.instancePath].filter((part) => part !== '').join(' ');
    return `${place}: ${reasonOf(error)}`;
  });
}

function reasonOf({ message = 'is wrong', params }: ErrorObject): string {
  const { additionalProperty, allowedValues, unevaluatedProperty } = params as Record<string, unknown>;
  const field = additionalProperty ?? unevaluatedProperty;
  if (typeof field === 'string') return `${message}: ${field}`;
  return Array.isArray(allowedValues) ? `${message}: ${allowedValues.join(', ')}` : message;
}
