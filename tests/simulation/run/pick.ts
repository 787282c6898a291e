/** One of several, by chance. */
import type { Random } from '@carillon/domain/ports';

/** Undefined where there is none. */
export function pick<T>(all: readonly T[], random: Random): T | undefined {
  return all[Math.floor(random.next() * all.length)];
}
