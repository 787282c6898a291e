/**
 * How times are written in REST bodies. Must never be used for what machines of the suite tell each other.
 */
import { z } from 'zod';

/** ISO 8601 in UTC with milliseconds. `at` in epoch milliseconds. */
export function isoTime(at: number): string {
  return new Date(at).toISOString();
}

/** A time as it stands in a reply. */
export const time = z.iso.datetime();

/** The inverse, for a text that the schema has passed: epoch milliseconds. */
export function timeMs(text: string): number {
  return Date.parse(text);
}
