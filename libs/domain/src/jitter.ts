/** Full jitter: waiting times that do not march in step. */
import type { Random } from './ports/random.js';

export interface JitterBounds {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Uniform in [minMs / 2, min(maxMs, minMs · 2^attempt)]; attempt 0 is the first wait. */
export function fullJitterMs(random: Random, attempt: number, bounds: JitterBounds): number {
  const ceiling = Math.min(bounds.maxMs, bounds.minMs * 2 ** Math.min(attempt, 30));
  const floor = Math.min(bounds.minMs / 2, ceiling);
  return floor + random.next() * (ceiling - floor);
}

/** `ms` less up to `share` of it, so that nodes started together drift apart. */
export function jittered(random: Random, ms: number, share = 0.3): number {
  return ms * (1 - random.next() * share);
}
