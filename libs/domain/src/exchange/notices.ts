/** What all Push nodes are told about one user. Losing one costs latency or comfort only. JSON. */
import type { LogKey, UserKey } from '../keys.js';

export type Notice =
  /** Read on this connection: the user's others are told. */
  | {
      readonly type: 'read';
      readonly user: UserKey;
      readonly ids: readonly string[];
      readonly connection: string;
    }
  /** The user's memberships changed: sessions follow or leave the topic now, not at the next comparison. */
  | { readonly type: 'membership'; readonly user: UserKey; readonly topic: LogKey }
  /** Close the user's sessions with 4004: an administrator said so, or the user was erased. */
  | { readonly type: 'disconnect'; readonly user: UserKey };
