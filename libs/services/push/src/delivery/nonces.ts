/**
 * Knows a volatile message that comes a second time. What is older than the time for which they are
 * remembered counts as known: it would come too late anyway. Bounded; beyond that one may come twice.
 */
import type { DoorbellView } from '@carillon/domain';
import type { Clock } from '@carillon/domain/ports';

const rememberedMs = 10_000;
const nonceMax = 20_000;

export class Nonces {
  /** By log and nonce, the monotonic time; the oldest first. */
  private readonly seen = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** Whether it comes for the first time, and in time. */
  isNew({ log, seq, acceptedAt }: Pick<DoorbellView, 'log' | 'seq' | 'acceptedAt'>): boolean {
    const now = this.clock.monotonic();
    for (const [key, at] of this.seen) {
      if (now - at <= rememberedMs && this.seen.size < nonceMax) break;
      this.seen.delete(key);
    }
    const key = `${log}#${seq}`;
    if (this.seen.has(key) || this.clock.now() - acceptedAt > rememberedMs) return false;
    this.seen.set(key, now);
    return true;
  }
}
