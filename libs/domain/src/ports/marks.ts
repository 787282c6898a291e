/** What must not be shown any more although it is in its log. */
import type { Mark } from '../entry.js';
import type { LogKey } from '../keys.js';

export abstract class Marks {
  /**
   * Sets a mark on entries, durable before it resolves; `recalled` and `emptied` remove the content too
   * (data, notification, origin's metadata), also where the mark stays another. A mark that is set stays,
   * save that `recalled` replaces any. Seqs that are not there are passed over. Idempotent.
   * @throws PortUnavailable
   */
  abstract mark(log: LogKey, seqs: readonly number[], mark: Mark): Promise<void>;
  /**
   * Marks as superseded what has this collapse key, a seq below `seq`, and no mark yet; durable before it
   * resolves. Idempotent. @returns the seqs marked by this call, ascending; of calls that race for one at
   * least one is told of it. @throws PortUnavailable
   */
  abstract supersede(log: LogKey, collapseKey: string, seq: number): Promise<readonly number[]>;
}
