/** What must not be shown any more although it is in its log. */
import type { Mark } from '../entry.js';
import type { LogKey } from '../keys.js';

export abstract class Marks {
  /**
   * Sets a mark on entries; `recalled` and `emptied` remove the content too. `recalled` wins over every other
   * mark, `emptied` never replaces one. Idempotent. @throws PortUnavailable
   */
  abstract mark(log: LogKey, seqs: readonly number[], mark: Mark): Promise<void>;
  /**
   * Marks as superseded what has this collapse key, a seq below `seq`, and no mark yet; durable before it
   * resolves. Idempotent. @returns the seqs marked by this call, ascending. @throws PortUnavailable
   */
  abstract supersede(log: LogKey, collapseKey: string, seq: number): Promise<readonly number[]>;
}
