/** A hash of what was asked for, by which a retry is told from another request that has the same key. */
import { createHash } from 'node:crypto';
import { type MessageRequest, timeMs, ttlMs } from '@carillon/api';

/**
 * The same for two bodies that mean the same: members in any order, addressees in any order and named twice,
 * the time to live in any unit. `targets`: each addressee once, sorted.
 */
export function fingerprintOf(request: MessageRequest, targets: readonly string[]): string {
  const { event, data, notification, ttl, delay, sendAt, collapseKey, externalId, metadata } = request;
  const meaning = {
    targets,
    event,
    data,
    notification,
    ttl: ttl === undefined ? undefined : ttlMs(ttl),
    delay: delay === undefined ? undefined : ttlMs(delay),
    sendAt: sendAt === undefined ? undefined : timeMs(sendAt),
    collapseKey,
    externalId,
    metadata,
  };
  return createHash('sha256').update(canonical(meaning)).digest('base64url');
}

/** JSON with members sorted by name; as deep as the schema allows. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
  return `{${members.join(',')}}`;
}
