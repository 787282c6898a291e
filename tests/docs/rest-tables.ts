// The tables of the REST reference, from the document that Collect serves. Must never say what openapi.json
// does not say.
import { errorsOf, type Operation, openApi, operations } from '@carillon/api';
import { errorCodes, namePattern } from '@carillon/wire';
import type { Table } from './table.ts';

interface Schema {
  readonly [keyword: string]: unknown;
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
}

interface Described {
  readonly description: string;
  readonly schema: Schema;
}

interface Document {
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly headers: Readonly<Record<string, Described>>;
    readonly parameters: Readonly<Record<string, Described>>;
  };
}

/** Longer lists are told apart by where they are explained. */
const valuesMax = 12;
const patternMax = 20;

export function restTables(): Readonly<Record<string, Table>> {
  const { components } = openApi() as unknown as Document;
  const asked = new Set(operations.flatMap(({ request }) => (request ? [request.name] : [])));
  const isAsked = (name: string) => asked.has(name) || name === 'BatchItem';
  const names = Object.keys(components.schemas);
  const documents = operations
    .filter(({ tag }) => tag === 'documents')
    .flatMap(({ replies }) => Object.values(replies).map(({ name }) => name));
  const fields = (some: readonly string[]): Table => ({
    head: ['field', '', 'rule', 'what it is'],
    rows: some.flatMap((name) => fieldRows(name, components.schemas[name] ?? {})).filter(isSaidOnce),
  });
  return {
    operations: {
      head: ['request', 'scope', 'answers', 'meaning'],
      rows: operations.map((row) => [nameOf(row), scopeOf(row), answersOf(row)]),
    },
    refusals: { head: ['request', 'refuses besides with'], rows: operations.flatMap(refusalRow) },
    'fields of requests': fields(names.filter(isAsked)),
    'fields of answers': fields(names.filter((name) => !isAsked(name) && !documents.includes(name))),
    'values of answers': {
      head: ['name', 'values'],
      rows: names.flatMap((name) => valueRow(name, components.schemas[name] ?? {})),
    },
    'headers of requests': headerTable(components.parameters),
    'headers of answers': headerTable(
      Object.fromEntries(Object.entries(components.headers).filter(([name]) => !name.includes('.'))),
    ),
  };
}

/** An item of a batch is a message with a key: only the key is said again. */
function isSaidOnce([field = '']: readonly string[]): boolean {
  return !field.startsWith('`BatchItem.') || field === '`BatchItem.idempotencyKey`';
}

function nameOf({ method, path }: Operation): string {
  return code(`${method.toUpperCase()} ${path}`);
}

function scopeOf({ access }: Operation): string {
  if (typeof access === 'object') return code(access.scope);
  return access === 'user' ? 'token of the user' : 'none';
}

function answersOf({ replies }: Operation): string {
  return Object.entries(replies)
    .map(([status, { name }]) => (name === undefined ? status : `${status} ${code(name)}`))
    .join(', ');
}

/** What whole kinds of requests may be refused with stands above the table. */
function refusalRow(row: Operation): string[][] {
  const { errors: _own, ...bare } = row;
  const ofItsKind = errorsOf(bare);
  const codes = errorsOf(row).filter((name) => !ofItsKind.includes(name));
  const links = codes
    .toSorted((one, other) => errorCodes[one].status - errorCodes[other].status)
    .map((name) => `[${errorCodes[name].status} ${name}](errors.md#${name})`);
  return links.length === 0 ? [] : [[nameOf(row), links.join(', ')]];
}

function fieldRows(component: string, schema: Schema): string[][] {
  return fieldsOf(schema, component).map(({ path, isRequired, rules, words }) => [
    code(path),
    isRequired ? 'required' : 'optional',
    [...new Set(rules)].join(', '),
    words,
  ]);
}

interface Field {
  readonly path: string;
  readonly isRequired: boolean;
  readonly rules: readonly string[];
  readonly words: string;
}

function fieldsOf(schema: Schema, path: string): Field[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, field]): Field[] => {
    const isRequired = schema.required?.includes(name) === true;
    const place = `${path}.${name}`;
    const { description: words = '' } = field;
    return [{ path: place, isRequired, rules: [ruleOf(field)], words }, ...fieldsOf(field, place)];
  });
  const inner = schema.items === undefined ? [] : fieldsOf(schema.items, path);
  return [...own, ...inner, ...alternativeFields(schema.oneOf ?? schema.anyOf ?? [], path)];
}

/** Required where all alternatives require it; with the rules of all of them. */
function alternativeFields(choices: readonly Schema[], path: string): Field[] {
  const all = choices.flatMap((choice) => fieldsOf(choice, path));
  return [...Map.groupBy(all, (field) => field.path)].map(([name, same]) => ({
    path: name,
    isRequired: same.length === choices.length && same.every(({ isRequired }) => isRequired),
    rules: same.flatMap(({ rules }) => rules),
    words: same[0]?.words ?? '',
  }));
}

/** The rule of a value in a few words. */
function ruleOf(schema: Schema): string {
  if (schema.$ref !== undefined) return code(schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1));
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.map(ruleOf))].join(', or ');
  if (schema.const !== undefined) return valuesOf([schema.const]);
  return schema.enum === undefined ? typeRule(schema) : valuesOf(schema.enum);
}

function typeRule(schema: Schema): string {
  if (schema.type === 'array') return `list ${rangeOf(schema, 'Items')}of ${ruleOf(schema.items ?? {})}`;
  if (schema.type === 'string') return textRule(schema);
  if (schema.type === 'object') return recordRule(schema);
  return [schema.type ?? 'any JSON'].flat().join(' or ');
}

function textRule(schema: Schema): string {
  if (schema.format === 'date-time') return 'time (ISO 8601)';
  if (schema.pattern === namePattern.source) return 'name';
  const length = rangeOf(schema, 'Length');
  if (length !== '') return `text ${length}characters`;
  const { pattern = '' } = schema;
  // A long one is for programs; people have the words beside it.
  return pattern === '' || pattern.length > patternMax ? 'text' : `text like ${code(pattern)}`;
}

function recordRule({ properties, additionalProperties }: Schema): string {
  if (properties !== undefined || typeof additionalProperties !== 'object') return 'object';
  return `object of ${ruleOf(additionalProperties as Schema)}`;
}

function rangeOf(schema: Schema, what: 'Items' | 'Length'): string {
  const [min, max] = [schema[`min${what}`], schema[`max${what}`]].map((bound) => bound as number | undefined);
  const said = (bound: number) => bound.toLocaleString('en-US');
  if (max === undefined) return min === undefined ? '' : `of at least ${said(min)} `;
  return min === undefined ? `of at most ${said(max)} ` : `of ${said(min)} to ${said(max)} `;
}

function valuesOf(values: readonly unknown[]): string {
  if (values.length > valuesMax) return 'one of [the codes](errors.md#codes)';
  return values.map((value) => code(String(value))).join(', ');
}

function valueRow(name: string, schema: Schema): string[][] {
  return schema.enum === undefined ? [] : [[code(name), valuesOf(schema.enum)]];
}

function headerTable(headers: Readonly<Record<string, Described>>): Table {
  const rows = Object.entries(headers).map(([name, { schema, description }]) => [
    code(name),
    ruleOf(schema),
    description,
  ]);
  return { head: ['header', 'rule', 'what it is'], rows };
}

function code(text: string): string {
  return `\`${text}\``;
}
