/**
 * The check of payloads: JSON of bounded depth that survives being encoded again. Must never recurse deeper
 * than `limits.jsonDepthMax`.
 */
import type { Rule } from './field.js';
import type { JsonValue } from './frames.js';
import { limits } from './limits.js';

/**
 * Any JSON value whose arrays and objects nest at most
 * `limits.jsonDepthMax` deep and whose numbers are finite.
 */
export const jsonValue: Rule<JsonValue> = {
  accepts: (value): value is JsonValue => isJson(value, limits.jsonDepthMax),
  words: `must be JSON, at most ${limits.jsonDepthMax} levels deep, with finite numbers`,
};

function isJson(value: unknown, levelsLeft: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      // JSON.parse reads 1e999 as Infinity, which encodes as null.
      return Number.isFinite(value);
    case 'object': {
      if (value === null) return true;
      return levelsLeft > 0 && Object.values(value).every((member) => isJson(member, levelsLeft - 1));
    }
    default:
      return false;
  }
}
