/** Checks of single values for the decoder: each total, each with the rule it enforces as words. Must never
 *  change the value it looks at. */
import { limits } from './limits.js';
import { isLogName, isName, nameRule } from './names.js';

/** One rule for one value: the test and the words for the reason. */
export interface Rule<T> {
  readonly accepts: (value: unknown) => value is T;
  readonly words: string;
}

/** A rule for a field, and whether the field may be absent. */
export interface Field<T> {
  readonly rule: Rule<T>;
  readonly isOptional: boolean;
}

/** A field that must be there. */
export function required<T>(rule: Rule<T>): Field<T> {
  return { rule, isOptional: false };
}

/** A field that may be absent; when present the rule holds (`null` is not absent). */
export function optional<T>(rule: Rule<T>): Field<T | undefined> {
  return { rule: rule as Rule<T | undefined>, isOptional: true };
}

/** Exactly this value. */
export function exactly<T extends string | boolean>(expected: T): Rule<T> {
  return {
    accepts: (value): value is T => value === expected,
    words: `must be ${JSON.stringify(expected)}`,
  };
}

/** One of these strings. */
export function oneOf<T extends string>(allowed: readonly T[]): Rule<T> {
  return {
    accepts: (value): value is T => (allowed as readonly unknown[]).includes(value),
    words: `must be one of ${allowed.join(', ')}`,
  };
}

/** A string of so many UTF-16 units. */
export function text(min: number, max: number): Rule<string> {
  return {
    accepts: (value): value is string => isText(value, min, max),
    words: `must be a string of ${min} to ${max} characters`,
  };
}

/** A list with at most `max` items that each satisfy the rule. */
export function listOf<T>(item: Rule<T>, max: number): Rule<readonly T[]> {
  return {
    accepts: (value): value is readonly T[] =>
      Array.isArray(value) && value.length <= max && value.every(item.accepts),
    words: `must be a list of at most ${max}, each of which ${item.words}`,
  };
}

/** An object with at most `max` members, keyed by log names. */
export function perLog<T>(item: Rule<T>, max: number): Rule<Readonly<Record<string, T>>> {
  return {
    accepts: (value): value is Readonly<Record<string, T>> => {
      if (!isObject(value)) return false;
      const entries = Object.entries(value);
      return (
        entries.length <= max && entries.every(([log, member]) => isLogName(log) && item.accepts(member))
      );
    },
    words: `must be an object of at most ${max} log names, each of which ${item.words}`,
  };
}

/** A name: see `namePattern`. */
export const name: Rule<string> = { accepts: isName, words: `must be a name: ${nameRule}` };

/** A log as a session knows it. */
export const logName: Rule<string> = { accepts: isLogName, words: 'must be user, all or topic:<name>' };

/** A position in a log, or a time or duration in milliseconds: a safe integer from 0. */
export const count: Rule<number> = { accepts: isCount, words: 'must be an integer from 0 to 2^53 - 1' };

/** The seq of an entry: a safe integer from 1. */
export const entrySeq: Rule<number> = {
  accepts: (value): value is number => isCount(value) && value > 0,
  words: 'must be an integer from 1 to 2^53 - 1',
};

/** True or false. */
export const flag: Rule<boolean> = {
  accepts: (value): value is boolean => typeof value === 'boolean',
  words: 'must be true or false',
};

/**
 * The code of an error: lower case with underscores, not a closed list, so that old clients bear new codes.
 */
export const errorCode: Rule<string> = {
  accepts: (value): value is string => typeof value === 'string' && /^[a-z][a-z_]{0,63}$/.test(value),
  words: 'must be an error code',
};

/** True for a plain JSON object; never throws. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for a string of `min` to `max` UTF-16 units. */
export function isText(value: unknown, min: number, max: number): value is string {
  return typeof value === 'string' && value.length >= min && value.length <= max;
}

/** True for a string of at most `limits.textMax` units. */
export function isFreeText(value: unknown): value is string {
  return isText(value, 0, limits.textMax);
}

function isCount(value: unknown): value is number {
  // -0 is refused: it would not survive being encoded again.
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}
