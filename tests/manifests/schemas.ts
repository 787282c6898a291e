// JSON Schemas for kubeconform, made from the API's own OpenAPI 2 of the pinned version: each stands alone,
// and an object takes no field that it does not name. Must never be looser than the API.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where kubeconform finds a kind's schema in the folder. */
export const schemaFile = '{{ .ResourceKind }}{{ .KindSuffix }}.json';

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly 'x-kubernetes-group-version-kind'?: readonly Kind[];
  readonly [field: string]: unknown;
}

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

type Definitions = Readonly<Record<string, Schema>>;

/** Writes the schema of every kind that is asked for (`apiVersion/kind`). @throws when there is none */
export function writeSchemas(swagger: string, folder: string, kinds: ReadonlySet<string>): void {
  const { definitions } = JSON.parse(readFileSync(swagger, 'utf8')) as { definitions: Definitions };
  const missing = new Set(kinds);
  for (const [name, schema] of Object.entries(definitions)) {
    for (const kind of schema['x-kubernetes-group-version-kind'] ?? []) {
      if (!missing.delete(keyOf(kind))) continue;
      const strict = strictly(schema, definitions, [name]);
      writeFileSync(join(folder, fileOf(kind)), JSON.stringify(strict));
    }
  }
  if (missing.size > 0) throw new Error(`the API has no ${[...missing].join(', ')}`);
}

function keyOf({ group, version, kind }: Kind): string {
  return `${group ? `${group}/` : ''}${version}/${kind}`;
}

function fileOf({ group, version, kind }: Kind): string {
  return `${[kind.toLowerCase(), group.split('.')[0], version].filter(Boolean).join('-')}.json`;
}

/** References resolved; `within` are the definitions that we are in, for some contain themselves. */
function strictly(schema: Schema, all: Definitions, within: readonly string[]): object {
  if (schema.$ref !== undefined) return resolved(schema.$ref.split('/').at(-1) ?? '', all, within);
  const kept = Object.entries(schema).filter(([field]) => field !== 'description' && !field.startsWith('x-'));
  const fields = kept.map(([field, value]): [string, unknown] => {
    if (field !== 'properties') return [field, nested(value, all, within)];
    const properties = Object.entries(value as Record<string, Schema>);
    return [field, Object.fromEntries(properties.map(([key, each]) => [key, strictly(each, all, within)]))];
  });
  return {
    ...Object.fromEntries(fields),
    ...(schema.properties === undefined ? {} : { additionalProperties: false }),
  };
}

function nested(value: unknown, all: Definitions, within: readonly string[]): unknown {
  const isSchema = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isSchema ? strictly(value as Schema, all, within) : value;
}

function resolved(name: string, all: Definitions, within: readonly string[]): object {
  // Both are written either way; the definitions say "string" and mean it only for JSON.
  if (name.endsWith('IntOrString')) return { oneOf: [{ type: 'string' }, { type: 'integer' }] };
  if (name.endsWith('.Quantity')) return { oneOf: [{ type: 'string' }, { type: 'number' }] };
  if (within.includes(name) || name.endsWith('JSONSchemaProps')) return { type: 'object' };
  const definition = all[name];
  if (!definition) throw new Error(`the API does not define ${name}`);
  return strictly(definition, all, [...within, name]);
}
