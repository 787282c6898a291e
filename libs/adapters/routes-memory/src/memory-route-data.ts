/**
 * What a route table holds, as plain maps, shared by all tables opened on it.
 * Must never be taken for durable.
 */
import type { Incarnation, UserKey } from '@carillon/domain';

export interface MemoryLease {
  readonly token: string;
  /** On the monotonic clock. */
  readonly endsAt: number;
}

/** The data behind one or more `MemoryRoutes`. */
export class MemoryRouteData {
  readonly leases = new Map<Incarnation, MemoryLease>();
  readonly routes = new Map<UserKey, Set<Incarnation>>();
  private tokens = 0;

  /** A token that was never given before, also not before a restore. */
  nextToken(): string {
    this.tokens += 1;
    return `${this.tokens}`;
  }

  /** Loses everything, as a server does that starts anew. */
  wipe(): void {
    this.leases.clear();
    this.routes.clear();
  }

  /** Copies everything. @returns what puts the copy back in place of what is there then. */
  snapshot(): () => void {
    const leases = [...this.leases];
    const routes = [...this.routes].map(([user, nodes]) => [user, [...nodes]] as const);
    return () => {
      this.wipe();
      for (const [node, lease] of leases) this.leases.set(node, lease);
      for (const [user, nodes] of routes) this.routes.set(user, new Set(nodes));
    };
  }
}
