/**
 * Checks input against a schema and names every wrong field at once.
 * Must never repeat a value that it was given.
 */
import { type FieldCode, fieldCodes, limits } from '@carillon/wire';
import type { z } from 'zod';
import { type FieldFault, Problem } from './problem.js';
import { fieldsAt } from './schema-fields.js';

export interface InputLimits {
  /** Deepest nesting of arrays and objects. */
  readonly depthMax: number;
  /** Precedes every pointer, for input that is part of a body. */
  readonly pointer: string;
}

/** More faults than this are counted, not listed: an answer must not be larger than what it answers. */
const faultsMax = 1_000;

/**
 * The input as the schema gives it back.
 * @throws Problem validation_failed with every wrong field: pointer, code, and what is allowed; unknown
 * fields by name
 */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown, options: Partial<InputLimits> = {}): T {
  const { depthMax = limits.jsonDepthMax, pointer = '' } = options;
  if (isDeeper(input, depthMax)) {
    throw failed([{ pointer, code: 'out_of_range', detail: `Nest at most ${depthMax} levels deep` }]);
  }
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw failed(parsed.error.issues.flatMap((issue) => faultsOf(issue, { schema, input, pointer })));
}

/** Does not recurse: the depth is what is in doubt. */
function isDeeper(input: unknown, depthMax: number): boolean {
  let level = [input];
  for (let depth = 0; level.length > 0; depth += 1) {
    const containers = level.filter((value): value is object => typeof value === 'object' && value !== null);
    if (containers.length > 0 && depth >= depthMax) return true;
    level = containers.flatMap((value) => Object.values(value) as unknown[]);
  }
  return false;
}

function failed(errors: readonly FieldFault[]): Problem {
  const more = errors.length > faultsMax ? `; the first ${faultsMax} are listed` : '';
  const fields = errors.length === 1 ? '1 field is' : `${errors.length} fields are`;
  return new Problem('validation_failed', `${fields} not valid${more}.`, {
    errors: errors.slice(0, faultsMax),
  });
}

interface Subject {
  readonly schema: z.ZodType;
  readonly input: unknown;
  readonly pointer: string;
}

type Issue = z.core.$ZodIssue;

function faultsOf(issue: Issue, subject: Subject): FieldFault[] {
  if (issue.code === 'unrecognized_keys') return unknownFields(issue, subject);
  if (issue.code === 'invalid_union') return unionFaults(issue, subject);
  const isAbsent = issue.code === 'invalid_type' && valueAt(subject.input, issue.path) === undefined;
  const code = isAbsent ? 'required' : codeOf(issue);
  const detail = isAbsent ? `Give this field: ${issue.message}` : issue.message;
  return [{ pointer: pointerOf(subject, issue.path), code, detail }];
}

function unknownFields(issue: z.core.$ZodIssueUnrecognizedKeys, subject: Subject): FieldFault[] {
  const known = fieldsAt(subject.schema, issue.path);
  return issue.keys.map((key) => ({
    pointer: pointerOf(subject, [...issue.path, key]),
    code: 'unknown_field',
    detail: `This field is not known; known are ${known.join(', ')}`,
  }));
}

/** Of the alternatives the one that came furthest speaks; if none fits the kind of value, all of them do. */
function unionFaults(issue: z.core.$ZodIssueInvalidUnion, subject: Subject): FieldFault[] {
  const branches = issue.errors.filter((issues) => !issues.every(isWrongKind));
  const [best] = branches.sort((one, other) => one.length - other.length);
  if (best !== undefined) {
    return best.flatMap((inner) =>
      faultsOf({ ...inner, path: [...issue.path, ...inner.path] } as Issue, subject),
    );
  }
  const pointer = pointerOf(subject, issue.path);
  if (valueAt(subject.input, issue.path) === undefined) {
    return [{ pointer, code: 'required', detail: 'Give this field' }];
  }
  const detail = [...new Set(issue.errors.flat().map(({ message }) => message))].join('; or ');
  return [{ pointer, code: 'wrong_type', detail: detail || issue.message }];
}

function isWrongKind(issue: Issue): boolean {
  return issue.path.length === 0 && issue.code === 'invalid_type';
}

const codes: Partial<Record<Issue['code'], FieldCode>> = {
  invalid_type: 'wrong_type',
  invalid_format: 'bad_format',
  invalid_value: 'not_allowed',
  not_multiple_of: 'out_of_range',
  invalid_key: 'bad_format',
  invalid_element: 'not_allowed',
};

function codeOf(issue: Issue): FieldCode {
  if (issue.code === 'too_big') return tooBig(issue.origin);
  if (issue.code === 'too_small') return 'out_of_range';
  if (issue.code === 'custom' && isFieldCode(issue.params?.code)) return issue.params.code;
  return codes[issue.code] ?? 'not_allowed';
}

function tooBig(origin: string): FieldCode {
  if (origin === 'string') return 'too_long';
  return origin === 'array' || origin === 'set' || origin === 'object' ? 'too_many' : 'out_of_range';
}

function isFieldCode(value: unknown): value is FieldCode {
  return typeof value === 'string' && Object.hasOwn(fieldCodes, value);
}

function pointerOf(subject: Subject, path: readonly PropertyKey[]): string {
  const parts = path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`);
  return subject.pointer + parts.join('');
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
