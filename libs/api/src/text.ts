/**
 * Texts of producers that are kept as they are:
 * bounded, and such that every store gives back what it was given.
 */
import { z } from 'zod';

/** A text of `min` to `max` UTF-16 units of well-formed Unicode. */
export function text(min: number, max: number): z.ZodString {
  const rule = min > 0 ? `A text of ${min} to ${max} characters` : `A text of at most ${max} characters`;
  return z
    .string(rule)
    .min(min, rule)
    .max(max, rule)
    .refine((value) => value.isWellFormed(), {
      message: `${rule} in Unicode`,
      params: { code: 'bad_format' },
    });
}

/** The same on one line: no control characters. */
export function line(min: number, max: number): z.ZodString {
  return text(min, max).regex(/^\P{Cc}*$/u, `A text of ${min} to ${max} characters on one line`);
}
