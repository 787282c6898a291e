/**
 * What the suites of RouteTable work on, and what all of them do with it. Must never be used outside tests.
 */
import { type Incarnation, incarnation, type UserKey } from '../keys.js';
import type { RouteTable } from '../ports/route-table.js';
import { freshName } from './specimens.js';

/** What an adapter brings along. The suite has the table's data for itself. */
export interface RouteTableSetUp {
  /** Another process's access to the one table. Called twice; both are closed in the end. */
  readonly open: () => Promise<RouteTable>;
  /** Lets this much time pass for leases: really waits, or advances a clock. */
  readonly passTime: (ms: number) => Promise<void>;
  /** Removes all of the table's data, as when its server starts anew. */
  readonly wipe: () => Promise<void>;
  /**
   * Copies the table's data.
   * @returns what puts the copy back in place of all there is, as a stale restore would.
   */
  readonly snapshot: () => Promise<() => Promise<void>>;
  /** A lease that the suite lets run out. */
  readonly shortLeaseMs?: number;
}

/** Two nodes' access to one table; valid inside tests only. */
export interface RouteTableSubject extends Required<RouteTableSetUp> {
  table(): RouteTable;
  other(): RouteTable;
}

/** Longer than any test takes. */
export const longLeaseMs = 60_000;

/** An incarnation that nobody else has, without a lease. */
export function freshNode(): Incarnation {
  return incarnation('push-1', freshName());
}

/** A fresh incarnation with a long lease. */
export async function leasedNode(table: RouteTable): Promise<Incarnation> {
  const node = freshNode();
  await table.renewLease(node, longLeaseMs);
  return node;
}

/** The incarnations to which the user's routes lead, sorted. */
export async function nodesOf(table: RouteTable, user: UserKey): Promise<Incarnation[]> {
  return ((await table.lookup([user])).get(user) ?? []).map((route) => route.incarnation).sort();
}
