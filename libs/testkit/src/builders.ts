/**
 * Nouns with sensible defaults, so that a spec names only what it is about. Must never be used outside tests.
 */
import {
  type DeviceKey,
  type Draft,
  deviceKey,
  type Entry,
  type LogKey,
  type UserKey,
  userKey,
  userLog,
} from '@carillon/domain';

/** When everything happens unless told otherwise: where `FakeClock` starts, epoch milliseconds. */
export const startMs = 1_800_000_000_000;

const dayMs = 86_400_000;
const demo = 'demo';

/** A user of the tenant `demo`. */
export function user(name = 'ann', tenant = demo): UserKey {
  return userKey(tenant, name);
}

/** The inbox of a user of the tenant `demo`. */
export function inbox(name = 'ann', tenant = demo): LogKey {
  return userLog(user(name, tenant));
}

/** A device of a user of the tenant `demo`. */
export function device(name = 'phone', owner = user()): DeviceKey {
  return deviceKey(owner, name);
}

/** A draft for Ann's inbox that lives a week; the id is the same on every call unless given. */
export function draft(parts: Partial<Draft> = {}): Draft {
  return {
    id: 'm1',
    log: inbox(),
    acceptedAt: startMs,
    expiresAt: (parts.acceptedAt ?? startMs) + 7 * dayMs,
    event: 'order.shipped',
    data: '{"order":42}',
    ...parts,
  };
}

/** `count` drafts for one log, with the ids `m1`, `m2` … */
export function drafts(count: number, parts: Partial<Draft> = {}): Draft[] {
  return Array.from({ length: count }, (_, at) => draft({ id: `m${at + 1}`, ...parts }));
}

/** An entry at place 1 of Ann's inbox. */
export function entry(parts: Partial<Entry> = {}): Entry {
  const { seq = 1, mark, ...rest } = parts;
  return { ...draft(rest), seq, ...(mark === undefined ? {} : { mark }) };
}
