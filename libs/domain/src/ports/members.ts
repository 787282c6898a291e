/** Which topics a user follows because a business system said so, on every device and without asking. */
import type { LogKey, UserKey } from '../keys.js';

/** One user in one topic. */
export interface Membership {
  readonly topic: LogKey;
  readonly user: UserKey;
  /** The topic's head when the user joined: what came before is not theirs. */
  readonly head: number;
  /** Epoch milliseconds. */
  readonly joinedAt: number;
}

/** A page of members in the order of their keys; `after` is the last one of the page before. */
export interface MembersPage {
  readonly after?: UserKey | undefined;
  readonly limit: number;
}

export abstract class Members {
  /**
   * Adds the memberships, durable on a majority before it resolves. Who is a member already stays one with
   * the head and time of the first joining. @throws PortUnavailable
   */
  abstract join(memberships: readonly Membership[]): Promise<void>;
  /** Ends the memberships, durable; nothing where there is none. @throws PortUnavailable */
  abstract leave(members: readonly Pick<Membership, 'topic' | 'user'>[]): Promise<void>;
  /**
   * The memberships of these users, by topic; users without one are absent. Never stale.
   * @throws PortUnavailable
   */
  abstract ofUsers(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, readonly Membership[]>>;
  /** Members of a topic in the order of their keys. @throws PortUnavailable */
  abstract ofTopic(topic: LogKey, page: MembersPage): Promise<readonly Membership[]>;
  /** Topics of the tenant that have members, in the order of their keys. @throws PortUnavailable */
  abstract topics(tenant: string, after: LogKey | undefined, limit: number): Promise<readonly LogKey[]>;
  /** Ends all memberships of the user, durable. @throws PortUnavailable */
  abstract forget(user: UserKey): Promise<void>;
}
