/**
 * Recognises the request that most are, faster than the schema can. Must never pass what the schema refuses:
 * a property test holds it to that. What it does not recognise is the schema's to judge.
 */
import type { MessageRequest } from '@carillon/api';
import { isName, limits } from '@carillon/wire';

const userPrefix = 'user:';

/** Valid, for certain: to one user, with an event, perhaps data, and nothing else. */
export function isUsualRequest(body: unknown): body is MessageRequest {
  if (typeof body !== 'object' || body === null) return false;
  for (const name in body) if (name !== 'to' && name !== 'event' && name !== 'data') return false;
  const { to, event, data } = body as Partial<Record<keyof MessageRequest, unknown>>;
  return isUser(to) && isName(event) && (data === undefined || isSmall(data));
}

function isUser(to: unknown): boolean {
  return typeof to === 'string' && to.startsWith(userPrefix) && isName(to.slice(userPrefix.length));
}

/** JSON that is within the bounds of `data` whatever its text is. */
function isSmall(data: unknown): boolean {
  return roomAfter(data, limits.dataBytesMax, limits.jsonDepthMax) >= 0;
}

/**
 * What `value` leaves of the room for JSON text at least; negative where it may not fit. A character takes at
 * most 6 bytes, as \u0001 does, and a number 25.
 */
function roomAfter(value: unknown, room: number, levels: number): number {
  if (typeof value === 'string') return room - 6 * value.length - 3;
  if (typeof value === 'number' && !Number.isFinite(value)) return -1;
  if (typeof value !== 'object' || value === null) return room - 26;
  if (levels === 0) return -1;
  let left = room - 3;
  for (const name in value) {
    const member: unknown = value[name as keyof typeof value];
    left = roomAfter(member, left - 6 * name.length - 5, levels - 1);
    if (left < 0) return left;
  }
  return left;
}
