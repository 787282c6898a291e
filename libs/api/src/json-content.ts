/**
 * What a producer's own JSON may be: bounded in depth and bytes. Must never recurse deeper than the limit.
 */
import { limits } from '@carillon/wire';
import { z } from 'zod';

/**
 * Any JSON of at most 64 KiB of text and 32 levels.
 * Checked by hand: its shape is the producer's own business.
 */
export const jsonContent = z.unknown().superRefine((value, context) => {
  // A level too many would also make the text below it expensive to write.
  if (isDeeper(value, limits.jsonDepthMax)) {
    const message = `JSON of at most ${limits.jsonDepthMax} levels with finite numbers`;
    context.addIssue({ code: 'custom', message, params: { code: 'out_of_range' } });
  } else if (isLonger(value, limits.dataBytesMax)) {
    const message = `At most ${limits.dataBytesMax} bytes of JSON text: send a reference to what is larger`;
    context.addIssue({ code: 'custom', message, params: { code: 'too_long' } });
  }
});

/** Also true for a number that JSON cannot write back: 1e999 is read as Infinity. */
function isDeeper(value: unknown, levelsLeft: number): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return false;
  if (levelsLeft === 0) return true;
  for (const member of Object.values(value)) if (isDeeper(member, levelsLeft - 1)) return true;
  return false;
}

function isLonger(value: unknown, bytesMax: number): boolean {
  if (ceiling(value) <= bytesMax) return false;
  const text = JSON.stringify(value);
  return text.length > bytesMax || new TextEncoder().encode(text).length > bytesMax;
}

/**
 * Never less than the bytes of the JSON text, and cheaper than writing it:
 * what is small is let through by this alone.
 */
function ceiling(value: unknown): number {
  if (typeof value === 'string') return 6 * value.length + 3;
  if (typeof value !== 'object' || value === null) return 26;
  let bytes = 3;
  for (const [key, member] of Object.entries(value)) bytes += 6 * key.length + 5 + ceiling(member);
  return bytes;
}
