/**
 * Where options come from: the JSON file named by CARILLON_CONFIG, then the environment, then `*_FILE` for
 * secrets. Collects faults instead of throwing, and never puts a secret's value into one.
 */
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { type OptionFacts, optionFacts } from './config-option.js';
import { type ConfigInput, configSchema } from './config-schema.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** One option with its place in the file. */
export interface Option extends OptionFacts {
  readonly path: readonly string[];
  readonly schema: z.ZodType;
}

type Tree = { [key: string]: unknown };

/** Every option of the schema, in its order. */
export const options: readonly Option[] = optionsOf(configSchema, []);

/** What the sources say, checked; `input` is absent when it cannot be used at all. */
export function readInput(env: Environment): { input?: ConfigInput; faults: string[] } {
  const faults: string[] = [];
  const tree = skeleton(configSchema);
  const isUsable = readFileInto(tree, env, faults);
  for (const option of options) readEnvInto(tree, option, { env, faults });
  const parsed = configSchema.safeParse(tree);
  if (!parsed.success && isUsable) faults.push(...parsed.error.issues.map((issue) => faultOf(issue, tree)));
  return parsed.success ? { input: parsed.data, faults } : { faults };
}

function optionsOf(schema: z.ZodObject, path: readonly string[]): Option[] {
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, member]) => {
    const facts = optionFacts.get(member);
    const here = [...path, name];
    return facts === undefined
      ? optionsOf(member as z.ZodObject, here)
      : [{ ...facts, path: here, schema: member }];
  });
}

/** Empty objects for all slices, so that the defaults inside of them hold. */
function skeleton(schema: z.ZodObject): Tree {
  const tree: Tree = {};
  for (const [name, member] of Object.entries(schema.shape as Record<string, z.ZodType>)) {
    if (!optionFacts.has(member)) tree[name] = skeleton(member as z.ZodObject);
  }
  return tree;
}

/** False when the file's fault makes all further faults meaningless. */
function readFileInto(tree: Tree, env: Environment, faults: string[]): boolean {
  const path = env.CARILLON_CONFIG;
  if (!path) return true;
  const content = readText('CARILLON_CONFIG', path, faults);
  if (content === undefined) return false;
  try {
    const value: unknown = JSON.parse(content);
    if (!isTree(value)) throw new SyntaxError('not an object');
    merge(tree, value);
    return true;
  } catch {
    // The parser's own message quotes the file, which may hold secrets.
    faults.push(`CARILLON_CONFIG names ${path}, which is not a JSON object`);
    return false;
  }
}

function merge(tree: Tree, from: Tree): void {
  for (const [key, value] of Object.entries(from)) {
    const own = Object.hasOwn(tree, key) ? tree[key] : undefined;
    if (isTree(own) && isTree(value)) merge(own, value);
    else Object.defineProperty(tree, key, { value, enumerable: true, writable: true, configurable: true });
  }
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Sources {
  readonly env: Environment;
  readonly faults: string[];
}

function readEnvInto(tree: Tree, option: Option, sources: Sources): void {
  const value = envValue(option, sources);
  if (!value) return;
  const slice = valueAt(tree, option.path.slice(0, -1));
  const last = option.path.at(-1);
  // A slice that the file has replaced by something else is reported by the schema.
  if (isTree(slice) && last !== undefined) slice[last] = fromEnv(option, value);
}

function envValue(option: Option, { env, faults }: Sources): string | undefined {
  const fileEnv = `${option.env}_FILE`;
  const direct = env[option.env];
  const file = option.isSecret ? env[fileEnv] : undefined;
  if (!file) return direct;
  if (!direct) return readText(fileEnv, file, faults)?.trim();
  faults.push(`${option.env} and ${fileEnv} are both given: give one of them`);
  return undefined;
}

function fromEnv(option: Option, value: string): unknown {
  if (option.isList) return value.split(',').map((item) => item.trim());
  return /^-?\d{1,15}$/.test(value) && option.allowed.startsWith('a whole number') ? Number(value) : value;
}

function readText(env: string, path: string, faults: string[]): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    faults.push(`${env} names ${path}, which cannot be read (${codeOf(error)})`);
    return undefined;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown cause';
}

/** One sentence: which option, what it is, what is allowed. */
function faultOf(issue: z.core.$ZodIssue, tree: Tree): string {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => [...path, key].join('.'));
    return `CARILLON_CONFIG holds ${names.join(', ')}, which is not known`;
  }
  const option = options.find((known) => known.path.every((name, at) => path[at] === name));
  if (option === undefined) return `CARILLON_CONFIG: ${path.join('.') || 'the file'} must be an object`;
  const given = option.isSecret ? 'has a value' : `is ${JSON.stringify(valueAt(tree, option.path))}`;
  return `${option.env} (${option.path.join('.')}) ${given} that is not allowed: give ${option.allowed}`;
}

function valueAt(tree: Tree, path: readonly string[]): unknown {
  let value: unknown = tree;
  for (const name of path) value = isTree(value) ? value[name] : undefined;
  return value;
}
