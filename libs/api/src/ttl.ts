/** Durations as producers write them: `"1h"`, `"30m"`, `"7d"` or seconds. */
import { limits } from '@carillon/wire';
import { z } from 'zod';

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration as it is written: seconds, or a whole number with a unit. */
export type Ttl = number | string;

/** How long a message is worth showing; 0 for those who are there now. */
export const ttl = duration(
  'Seconds, or a whole number followed by s, m, h or d; from 1s to 28d, or 0 for who is there now',
  (ms) => ms === 0 || (ms >= 1_000 && ms <= limits.ttlMaxMs),
);

/** How much later a message is to be delivered. */
export const delay = duration(
  'Seconds, or a whole number followed by s, m, h or d; from 1s to 90d',
  (ms) => ms >= 1_000 && ms <= limits.delayMaxMs,
);

/** A duration in milliseconds; NaN for a text that is none. */
export function ttlMs(value: Ttl): number {
  if (typeof value === 'number') return value * 1_000;
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(value) ?? [];
  return Number(count) * (units[unit ?? ''] ?? Number.NaN);
}

function duration(rule: string, isAllowed: (ms: number) => boolean) {
  const refuse = (value: Ttl, context: z.RefinementCtx): void => {
    const ms = ttlMs(value);
    if (!Number.isInteger(ms)) {
      context.addIssue({ code: 'custom', message: rule, params: { code: 'bad_format' } });
    } else if (!isAllowed(ms)) {
      context.addIssue({ code: 'custom', message: rule, params: { code: 'out_of_range' } });
    }
  };
  return z.union([
    z.number(rule).superRefine((value, context) => refuse(value, context)),
    z
      .string(rule)
      .superRefine((value, context) => refuse(value, context))
      .meta({ pattern: '^[0-9]{1,9}[smhd]$' }),
  ]);
}
