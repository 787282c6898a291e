/** A route table inside one process. Must never answer with a route whose node has no lease. */
import type { Incarnation, UserKey } from '@carillon/domain';
import { type Clock, LeaseExpired, type Route, RouteTable } from '@carillon/domain/ports';
import { type MemoryLease, MemoryRouteData } from './memory-route-data.js';

/** RouteTable over maps; never stale. Tables on the same data see each other's routes. */
export class MemoryRoutes extends RouteTable {
  private readonly lastTokens = new Map<Incarnation, string>();

  constructor(
    private readonly clock: Clock,
    private readonly data = new MemoryRouteData(),
  ) {
    super();
  }

  override async renewLease(incarnation: Incarnation, ttlMs: number): Promise<'kept' | 'lost'> {
    const found = this.lease(incarnation)?.token;
    const isKept = found !== undefined && found === this.lastTokens.get(incarnation);
    const token = this.data.nextToken();
    this.data.leases.set(incarnation, { token, endsAt: this.clock.monotonic() + ttlMs });
    this.lastTokens.set(incarnation, token);
    return isKept ? 'kept' : 'lost';
  }

  override async endLease(incarnation: Incarnation): Promise<void> {
    this.data.leases.delete(incarnation);
    this.lastTokens.delete(incarnation);
  }

  override async claim(incarnation: Incarnation, users: readonly UserKey[]): Promise<void> {
    if (!this.lease(incarnation)) throw new LeaseExpired(`${incarnation} holds no lease`);
    for (const user of users) {
      const living = [...(this.data.routes.get(user) ?? [])].filter((node) => this.lease(node));
      this.data.routes.set(user, new Set([...living, incarnation]));
    }
  }

  override async release(incarnation: Incarnation, users: readonly UserKey[]): Promise<void> {
    for (const user of users) {
      const nodes = this.data.routes.get(user);
      nodes?.delete(incarnation);
      if (nodes?.size === 0) this.data.routes.delete(user);
    }
  }

  override async lookup(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, readonly Route[]>> {
    const found = new Map<UserKey, readonly Route[]>();
    for (const user of users) {
      const routes = [...(this.data.routes.get(user) ?? [])].flatMap((incarnation) => {
        const lease = this.lease(incarnation);
        return lease ? [{ incarnation, leaseToken: lease.token }] : [];
      });
      if (routes.length > 0) found.set(user, routes);
    }
    return found;
  }

  override async close(): Promise<void> {
    this.lastTokens.clear();
  }

  /** The incarnation's lease while it lives; forgets one that has run out. */
  private lease(incarnation: Incarnation): MemoryLease | undefined {
    const lease = this.data.leases.get(incarnation);
    if (!lease || lease.endsAt > this.clock.monotonic()) return lease;
    this.data.leases.delete(incarnation);
    return undefined;
  }
}
