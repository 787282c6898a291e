/** The one truth: what is in a log, in which order. */
import type { Draft, Entry } from '../entry.js';
import type { LogKey } from '../keys.js';

/** A place in a log: what comes after it is meant. */
export interface LogPlace {
  readonly log: LogKey;
  readonly after: number;
}

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
   * What `read` gives for each of the places, in their order: many logs in a few look-ups, as when thousands
   * of clients come back at once. @throws PortUnavailable
   */
  abstract readMany(places: readonly LogPlace[], limit: number): Promise<readonly (readonly Entry[])[]>;
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
