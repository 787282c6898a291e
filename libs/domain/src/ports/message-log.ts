/** The one truth: what is in a log, in which order. */
import type { Draft, Entry, Mark } from '../entry.js';
import type { LogKey } from '../keys.js';

/** What became of one draft. */
export type Appended =
  /** Durable on a majority at its place; never undone, never moved. */
  | { readonly outcome: 'appended'; readonly entry: Entry }
  /**
   * An entry with this id is there already, confirmed durable; as it was stored, perhaps by somebody else.
   */
  | { readonly outcome: 'present'; readonly entry: Entry }
  /** Unknown at the deadline: it may be there or not. Nothing may be promised. */
  | { readonly outcome: 'unconfirmed' };

export abstract class MessageLog {
  /**
   * Gives each draft the next place in its log. Logs are dense (1, 2, 3 …) without holes for every reader and
   * for ever; drafts of one log keep their order; one id is in a log at most once. Resolves within the append
   * deadline with one outcome per draft, in order; drafts of a log that follow an unconfirmed one may be
   * placed only after it, or not. Atomic per entry, not per call. Two calls at a time on one log are allowed
   * and both make progress.
   */
  abstract append(drafts: readonly Draft[]): Promise<readonly Appended[]>;
  /**
   * Durable entries with seq > `after`, ascending, at most `limit`. Never stale: what was confirmed before
   * the call is in it. Contiguous except where purge has taken a prefix. @throws PortUnavailable
   */
  abstract read(log: LogKey, after: number, limit: number): Promise<readonly Entry[]>;
  /**
   * The newest durable seq of every log asked for, 0 where there is none. Never stale.
   * @throws PortUnavailable
   */
  abstract heads(logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>>;
  /**
   * All durable entries of a message, the first addressee's first, then by id; empty if there is none.
   * @throws PortUnavailable
   */
  abstract ofMessage(messageId: string): Promise<readonly Entry[]>;
  /** The durable entry of a message in this log, if any. One look-up. @throws PortUnavailable */
  abstract entryOf(messageId: string, log: LogKey): Promise<Entry | undefined>;
}

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
   * Empties every entry of the log (content, notification, origin's metadata) and purges all but the newest.
   * @throws PortUnavailable
   */
  abstract erase(log: LogKey): Promise<void>;
  /**
   * Sets a mark on entries; `recalled` and `emptied` remove the content too. Idempotent.
   * @throws PortUnavailable
   */
  abstract mark(log: LogKey, seqs: readonly number[], mark: Mark): Promise<void>;
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
