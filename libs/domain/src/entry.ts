/**
 * A message in one log. What was posted never changes; only a mark may be set and the content emptied.
 * Content is kept as JSON text from Collect to the socket: nobody on the way parses it.
 */
import type { LogKey } from './keys.js';

/** `<messageId>` for the first addressee's entry, `<messageId>@<log>` for every further one. */
export type EntryId = string;

/**
 * What a producer's request leaves with the first entry,
 * so that a retry can be recognised and a query answered.
 */
export interface Origin {
  /** Hash over body and targets; a retry with the same key must have the same. */
  readonly fingerprint: string;
  /** How many logs the message goes to. */
  readonly recipients: number;
  readonly externalId?: string;
  /** JSON text of the producer's own metadata. */
  readonly metadata?: string;
}

/** An entry before it has its place in the log. Times are epoch milliseconds. */
export interface Draft {
  readonly id: EntryId;
  readonly log: LogKey;
  readonly acceptedAt: number;
  readonly expiresAt: number;
  readonly event: string;
  /** JSON text; absent when the message has none or when the entry has been emptied. */
  readonly data?: string;
  /** JSON text of {title, body, url}. */
  readonly notification?: string;
  readonly collapseKey?: string;
  /** Only on the first entry of a message. */
  readonly origin?: Origin;
}

/** Why an entry will not be shown although it is in its log; `emptied` after purge or erasure. */
export type Mark = 'superseded' | 'recalled' | 'emptied';

/** A draft with its place. `seq` is dense within the log: 1, 2, 3 … */
export interface Entry extends Draft {
  readonly seq: number;
  readonly mark?: Mark;
}

/** What became of an entry by the time it is its turn to be written to a socket. */
export type Fate = 'live' | 'expired' | 'superseded' | 'recalled';

/**
 * Marks win over time; an emptied entry counts as expired.
 * `now` is the corrected clock in epoch milliseconds.
 */
export function fateOf(entry: Pick<Entry, 'mark' | 'expiresAt'>, now: number): Fate {
  if (entry.mark === 'superseded' || entry.mark === 'recalled') return entry.mark;
  return entry.mark === 'emptied' || entry.expiresAt <= now ? 'expired' : 'live';
}

/** The id of a message's entry in one of its logs. */
export function entryId(messageId: string, log: LogKey, isFirst: boolean): EntryId {
  return isFirst ? messageId : `${messageId}@${log}`;
}

/** The message to which an entry belongs. */
export function messageIdOf(id: EntryId): string {
  const at = id.indexOf('@');
  return at < 0 ? id : id.slice(0, at);
}
