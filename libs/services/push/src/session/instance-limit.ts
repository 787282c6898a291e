/**
 * How many sessions one user may have on this node. What counts is the instance: its old sockets may linger
 * until the heartbeat finds them dead, and must never keep the living one out.
 */
import type { Session } from './session.js';

/** The socket in use and the one it moves to; older ones are left over. */
const socketsPerInstanceMax = 2;

export type Place =
  /** There is room once these, left over by the same instance, are closed. */
  { readonly isFree: true; readonly leftOver: readonly Session[] } | { readonly isFree: false };

/** `sessions`: those of the user, oldest first. */
export function placeFor(instance: string, sessions: Iterable<Session>, instancesMax: number): Place {
  const live = [...sessions].filter((session) => session.connection.isOpen);
  const others = new Set(live.map((session) => session.instance)).add(instance);
  if (others.size > instancesMax) return { isFree: false };
  const own = live.filter((session) => session.instance === instance);
  return { isFree: true, leftOver: own.slice(0, Math.max(0, own.length + 1 - socketsPerInstanceMax)) };
}
