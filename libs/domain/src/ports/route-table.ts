/**
 * Which nodes hold a user's live sessions.
 * Soft state: all of it may vanish at any moment, delivery is then late.
 */
import type { Incarnation, UserKey } from '../keys.js';

/** A live route. The token is a new one with every renewal of the node's lease. */
export interface Route {
  readonly incarnation: Incarnation;
  readonly leaseToken: string;
}

export abstract class RouteTable {
  /**
   * Starts or renews the lease; all routes of the incarnation live with it. One call per node, not per
   * session. `'lost'`: since the last renewal the table lost or rewound its data, or the lease ran out, or
   * this is the first one: claim everything again. @throws PortUnavailable
   */
  abstract renewLease(incarnation: Incarnation, ttlMs: number): Promise<'kept' | 'lost'>;
  /** Ends the lease at once: its routes no longer count. Idempotent. @throws PortUnavailable */
  abstract endLease(incarnation: Incarnation): Promise<void>;
  /**
   * Idempotent; drops routes of incarnations without a lease on the way. @throws LeaseExpired if this
   * incarnation holds no lease. @throws PortUnavailable
   */
  abstract claim(incarnation: Incarnation, users: readonly UserKey[]): Promise<void>;
  /**
   * Removes only what this incarnation still holds: a late release never evicts a newer node.
   * @throws PortUnavailable
   */
  abstract release(incarnation: Incarnation, users: readonly UserKey[]): Promise<void>;
  /**
   * Live routes per user, in no order; users without one are absent. May be stale by one lease.
   * @throws PortUnavailable
   */
  abstract lookup(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, readonly Route[]>>;
  /** Lets go of the connection; leases run out by themselves. Idempotent. */
  abstract close(): Promise<void>;
}
