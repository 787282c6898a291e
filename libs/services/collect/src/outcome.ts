/** What became of a posting: the one answer for messages of every kind. */
import type { Draft, Mark } from '@carillon/domain';

/** What an answer tells of an accepted message. */
export interface Accepted extends Pick<Draft, 'acceptedAt' | 'expiresAt'> {
  readonly mark?: Mark;
  /** It waits for this time. */
  readonly dueAt?: number;
}

export type Outcome =
  /** Durable. `first` is its first entry as it is stored: on a replay that of the first time. */
  | { readonly outcome: 'accepted'; readonly first: Accepted; readonly isReplay: boolean }
  /** Its key stands for another message. */
  | { readonly outcome: 'reused' }
  /** Not all of it is known to be durable; with a key a retry completes it. */
  | { readonly outcome: 'unconfirmed' }
  /** The queue had no room for it, or for the rest of it. */
  | { readonly outcome: 'full' }
  /** These of its addressees have too much waiting: their places among the logs. */
  | { readonly outcome: 'unacked'; readonly places: readonly number[] };
