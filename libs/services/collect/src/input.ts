/**
 * Checks a body against its schema;
 * the schemas of this API transform nothing, so what is valid is kept as it is.
 */
import { Problem, parseInput } from '@carillon/platform';
import { isName, nameRule } from '@carillon/wire';

type Schema<T> = Parameters<typeof parseInput<T>>[0];

/**
 * @param pointer precedes the pointer of every fault, for what is part of a body
 * @throws Problem validation_failed with every wrong field
 */
export function readAs<T>(schema: Schema<T>, input: unknown, pointer = ''): T {
  const read = schema.safeParse(input);
  // The schemas bound the depth of what they do not know, so that the faults can name the field.
  return read.success
    ? read.data
    : parseInput(schema, input, { pointer, depthMax: Number.POSITIVE_INFINITY });
}

/** A name in an address. @throws Problem validation_failed where it is none */
export function named(what: 'topic' | 'user', value: string): string {
  if (isName(value)) return value;
  const errors = [{ pointer: `/${what}`, code: 'bad_format' as const, detail: nameRule }];
  throw new Problem('validation_failed', '1 field is not valid.', { errors });
}
