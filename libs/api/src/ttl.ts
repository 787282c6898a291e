/** How long a message is worth showing: `"1h"`, `"30m"`, `"7d"` or seconds. */
import { limits } from '@carillon/wire';
import { z } from 'zod';

const rule = 'Seconds, or a whole number followed by s, m, h or d; from 1s to 28d';
const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time to live as producers write it. */
export const ttl = z.union([
  z.number(rule).superRefine((value, context) => refuse(value, context)),
  z
    .string(rule)
    .superRefine((value, context) => refuse(value, context))
    .meta({ pattern: '^[0-9]{1,9}[smhd]$' }),
]);
export type Ttl = number | string;

/** A ttl in milliseconds; NaN for a text that is none. */
export function ttlMs(value: Ttl): number {
  if (typeof value === 'number') return value * 1_000;
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(value) ?? [];
  return Number(count) * (units[unit ?? ''] ?? Number.NaN);
}

function refuse(value: Ttl, context: z.RefinementCtx): void {
  const ms = ttlMs(value);
  if (ms === 0) {
    const message = `Volatile messages (ttl 0) are not served yet. ${rule}`;
    context.addIssue({ code: 'custom', message, params: { code: 'not_allowed' } });
  } else if (!Number.isInteger(ms)) {
    context.addIssue({ code: 'custom', message: rule, params: { code: 'bad_format' } });
  } else if (ms < 1_000 || ms > limits.ttlMaxMs) {
    context.addIssue({ code: 'custom', message: rule, params: { code: 'out_of_range' } });
  }
}
