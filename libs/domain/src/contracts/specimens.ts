/**
 * Fresh names and drafts for the suites, so that they can share a real server with anything else. Must never
 * depend on what a store holds already.
 * All names of a run contain `run`, which each suite prints in its title.
 */
import type { Draft } from '../entry.js';
import { type DeviceKey, deviceKey, type LogKey, topicLog, type UserKey, userKey, userLog } from '../keys.js';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Tells this run's names from those of every other run. */
export const run = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => alphabet[byte & 31]).join(
  '',
);

/** When drafts were accepted unless told otherwise, epoch milliseconds. */
export const acceptedAt = 1_800_000_000_000;
export const dayMs = 86_400_000;

/** All that emptying removes. */
export const content: Pick<Draft, 'data' | 'notification' | 'origin'> = {
  data: '{"secret":1}',
  notification: '{"title":"secret"}',
  origin: { fingerprint: 'f', recipients: 1, metadata: '{"secret":2}' },
};

let count = 0;

/** A name that nobody else has. */
export function freshName(): string {
  count += 1;
  return `${run}${count}`;
}

/** A user of a tenant of its own. */
export function freshUser(): UserKey {
  return userKey(freshName(), 'u');
}

/** The inbox of a fresh user. */
export function freshInbox(): LogKey {
  return userLog(freshUser());
}

/** A topic of a tenant of its own. */
export function freshTopic(): LogKey {
  return topicLog(freshName(), 'orders.eu');
}

/** Devices of one user, `d1`, `d2` …, or named. */
export function devicesOf(user: UserKey, names: readonly string[]): DeviceKey[] {
  return names.map((name) => deviceKey(user, name));
}

/** A draft with an id of its own and little content. */
export function draftFor(log: LogKey, more: Partial<Draft> = {}): Draft {
  const id = freshName();
  return {
    id,
    log,
    acceptedAt,
    expiresAt: acceptedAt + 7 * dayMs,
    event: 'order.shipped',
    data: JSON.stringify({ id }),
    ...more,
  };
}

/** `count` drafts for one log. */
export function draftsFor(log: LogKey, count: number, more: Partial<Draft> = {}): Draft[] {
  return Array.from({ length: count }, () => draftFor(log, more));
}

/** `from`, `from + 1` … `to`. */
export function span(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);
}

let pastMs = -1_000_000_000_000;

/**
 * A time long before any other that a suite has used, epoch milliseconds: what asks for everything that is
 * due then meets nothing of anybody else. Each call gives an earlier one.
 */
export function farPast(): number {
  pastMs -= dayMs;
  return pastMs;
}
