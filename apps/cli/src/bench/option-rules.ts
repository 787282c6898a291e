/** Values of options: read strictly, refused with what is allowed. Must never guess. */
import { InvalidArgumentError } from 'commander';

/** A whole number between two. */
export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Allowed is a whole number from ${min} to ${max}.`);
  };
}

export const perSecondMax = 1_000_000;

/** So many per second, or `max`. */
export function rate(text: string): number | 'max' {
  if (text === 'max') return text;
  const value = /^\d{1,7}(?:\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value <= perSecondMax) return value;
  throw new InvalidArgumentError(`Allowed is a number up to ${perSecondMax} per second, or max.`);
}

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };
export const durationMaxMs = 3_600_000;

/** A whole number of seconds, minutes or hours, in milliseconds. */
export function duration(text: string): number {
  const [, count, unit = 's'] = /^(\d{1,4})([smh]?)$/.exec(text) ?? [];
  const ms = Number(count) * (unitsMs[unit] ?? Number.NaN);
  if (ms >= 1_000 && ms <= durationMaxMs) return ms;
  throw new InvalidArgumentError('Allowed is a time from 1s to 1h, like 30s or 5m.');
}

/** The address of a server, without a path or a name to sign in with. */
export function address(text: string): string {
  const url = URL.parse(text);
  const isPlain = url?.pathname === '/' && url.search + url.hash + url.username + url.password === '';
  if (url && isPlain && /^https?:$/.test(url.protocol)) return url.origin;
  throw new InvalidArgumentError(
    'Allowed is http or https with a host and a port, like http://127.0.0.1:8080.',
  );
}
