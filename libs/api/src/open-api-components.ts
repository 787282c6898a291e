/**
 * The named schemas of a table of operations, made by zod itself. Must never let one name mean two things.
 */
import { z } from 'zod';
import {
  deliveryReason,
  deliveryStatus,
  deviceDeliverySchema,
  messageStatus,
  timelineEventSchema,
} from './ledger-reply.js';
import { batchResultSchema, messageLinksSchema } from './message-reply.js';
import { batchItemSchema } from './message-request.js';
import { fieldWords } from './open-api-words.js';
import type { Operation } from './operations-shape.js';
import { fieldFaultSchema, problemSchema } from './problem.js';

/** Any JSON object of a document. */
export type JsonObject = { readonly [member: string]: unknown };

/** Replies may gain fields, so a document leaves them open; tests close them. */
export type Openness = 'open' | 'closed';

/** Parts of requests that have a name of their own. */
const requestParts: Readonly<Record<string, z.ZodType>> = { BatchItem: batchItemSchema };

/** Parts of replies that have a name of their own. */
const replyParts: Readonly<Record<string, z.ZodType>> = {
  Problem: problemSchema,
  FieldFault: fieldFaultSchema,
  MessageLinks: messageLinksSchema,
  MessageStatus: messageStatus,
  BatchResult: batchResultSchema,
  DeliveryStatus: deliveryStatus,
  DeliveryReason: deliveryReason,
  DeviceDelivery: deviceDeliverySchema,
  TimelineEvent: timelineEventSchema,
};

/** What `components.schemas` holds. @throws where a name stands for two schemas */
export function schemaComponents(table: readonly Operation[], replies: Openness): JsonObject {
  const asked = new Map<string, z.ZodType>();
  const answered = new Map<string, z.ZodType>();
  for (const { request, replies: byStatus } of table) {
    if (request !== undefined) name(asked, request.name, request.schema);
    for (const { name: title, schema } of Object.values(byStatus))
      if (title !== undefined && schema !== undefined) name(answered, title, schema);
  }
  for (const [title, schema] of Object.entries(requestParts)) name(asked, title, schema);
  for (const [title, schema] of Object.entries(replyParts)) name(answered, title, schema);
  for (const title of asked.keys()) if (answered.has(title)) throw twice(title);
  return withWords({ ...schemasOf(asked, 'input', 'closed'), ...schemasOf(answered, 'output', replies) });
}

/** The schemas with what each field is for. */
function withWords(schemas: JsonObject): JsonObject {
  for (const [name, schema] of Object.entries(schemas)) {
    for (const [path, words] of Object.entries(fieldWords[name] ?? {}))
      for (const field of fieldsAt(schema as Written['jsonSchema'], path.split('.')))
        field.description = words;
  }
  return schemas;
}

/** Every field of this path, through lists and alternatives; references have words of their own. */
function fieldsAt(schema: Written['jsonSchema'], path: readonly string[]): Written['jsonSchema'][] {
  const [first, ...rest] = path;
  if (first === undefined) return [schema];
  const inner = [schema.items, ...listed(schema.anyOf), ...listed(schema.oneOf)].filter(isSchema);
  const property = (schema.properties as Readonly<Record<string, unknown>> | undefined)?.[first];
  const found = isSchema(property) ? fieldsAt(property, rest) : [];
  return [...found, ...inner.flatMap((each) => fieldsAt(each, path))];
}

function isSchema(value: unknown): value is Written['jsonSchema'] {
  return typeof value === 'object' && value !== null;
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A schema without a name, as it stands in a parameter or a header. */
export function plainSchema(schema: z.ZodType): JsonObject {
  return withoutMarks(z.toJSONSchema(schema, { io: 'input', override: tidied('closed') }));
}

/** Where a named schema is found in the document. */
export function reference(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

function name(schemas: Map<string, z.ZodType>, title: string, schema: z.ZodType): void {
  const known = schemas.get(title);
  if (known !== undefined && known !== schema) throw twice(title);
  schemas.set(title, schema);
}

function twice(title: string): Error {
  return new Error(`two schemas are called ${title}: name one of them after what it is`);
}

function schemasOf(
  named: ReadonlyMap<string, z.ZodType>,
  io: 'input' | 'output',
  openness: Openness,
): JsonObject {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of named) registry.add(schema, { id });
  const uri = (id: string) => `#/components/schemas/${id}`;
  const { schemas } = z.toJSONSchema(registry, { uri, io, override: tidied(openness) });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutMarks(schema)]));
}

function withoutMarks({ $schema: _dialect, $id: _id, ...schema }: JsonObject): JsonObject {
  return schema;
}

interface Written {
  readonly jsonSchema: { [keyword: string]: unknown };
}

/** Leaves out what says nothing: bounds of every integer, and the expression behind a format. */
function tidied(openness: Openness) {
  return ({ jsonSchema }: Written): void => {
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    if (jsonSchema.minLength === 0) delete jsonSchema.minLength;
    if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
    if (openness === 'open' && jsonSchema.additionalProperties === false)
      delete jsonSchema.additionalProperties;
  };
}
