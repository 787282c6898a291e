/**
 * How times are written in REST bodies. Must never be used for what machines of the suite tell each other.
 */
import { z } from 'zod';

/** Seconds whose text is remembered: the times of answers crowd around now and now + ttl. */
const secondsMax = 64;
const textOfSecond = new Map<number, string>();

/** ISO 8601 in UTC with milliseconds. `at` in epoch milliseconds. @throws RangeError where it is no time */
export function isoTime(at: number): string {
  const second = Math.floor(at / 1_000);
  const text = textOfSecond.get(second) ?? learn(second);
  return `${text}${String(Math.floor(at) - second * 1_000).padStart(3, '0')}Z`;
}

/** The text before the milliseconds. */
function learn(second: number): string {
  const text = new Date(second * 1_000).toISOString().slice(0, -'000Z'.length);
  if (textOfSecond.size >= secondsMax) textOfSecond.clear();
  textOfSecond.set(second, text);
  return text;
}

/** A time as it stands in a reply. */
export const time = z.iso.datetime();

/** The inverse, for a text that the schema has passed: epoch milliseconds. */
export function timeMs(text: string): number {
  return Date.parse(text);
}
