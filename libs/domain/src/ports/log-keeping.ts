/** How logs age: what is emptied, purged, erased. Must never make a hole. */
import type { LogKey } from '../keys.js';

/** Bounds of one purge step. Times are epoch milliseconds. */
export interface PurgeBounds {
  readonly expiredBefore: number;
  readonly acceptedBefore: number;
  /** Entries per call at most. */
  readonly limit: number;
}

/** Ages logs without making holes. */
export abstract class LogKeeping {
  /**
   * Removes a prefix of the log: from the oldest entry upwards while it is expired and old enough, committed
   * before it returns. Never the newest entry: that one is emptied and stays, so that seqs go on rising.
   * Interrupted anywhere, what is left has no hole. @returns entries removed; 0 when there is nothing more to
   * do. @throws PortUnavailable
   */
  abstract purge(log: LogKey, bounds: PurgeBounds): Promise<number>;
  /**
   * Empties every entry of the log (content, notification, origin's metadata), durable; marks stay. Removes
   * none: a place that is freed so early would be given again by a writer that still builds upon it, so that
   * is left to purge. @throws PortUnavailable
   */
  abstract erase(log: LogKey): Promise<void>;
  /**
   * Empties entries whose time ran out before this and that still have content (no mark is lost by it),
   * oldest first, at most `limit`. @returns how many were emptied; 0 when there is nothing more to do.
   * @throws PortUnavailable
   */
  abstract emptyExpired(expiredBefore: number, limit: number): Promise<number>;
  /**
   * Per log the newest seq up to which nothing is live any more: expired by `now`, marked or purged. The head
   * where nothing is live, 0 where there is nothing; with the heads it says how much still waits. Walks what
   * is past, so it is for logs that look full. @throws PortUnavailable
   */
  abstract newestExpired(logs: readonly LogKey[], now: number): Promise<ReadonlyMap<LogKey, number>>;
  /**
   * Logs that hold an entry accepted before this time, at most `limit`, in key order after `after`.
   * @throws PortUnavailable
   */
  abstract logsWithEntriesBefore(
    acceptedBefore: number,
    after: LogKey | undefined,
    limit: number,
  ): Promise<readonly LogKey[]>;
}
