/**
 * A request as drafts of entries: one per addressee, the least first.
 * Decides nothing about when they are stored.
 */
import { type MessageRequest, ttlMs } from '@carillon/api';
import { type Draft, entryId, type LogKey, userKey, userLog } from '@carillon/domain';
import { fingerprintOf } from './fingerprint.js';
import { type KeyedBy, keyedId } from './message-id.js';

/** A message on its way into the logs. */
export interface Posting {
  readonly messageId: string;
  /** With a key, the first entry is durable before the others, so that a retry meets it. */
  readonly isKeyed: boolean;
  readonly isList: boolean;
  readonly logs: readonly LogKey[];
  /** The entry in the first log; it carries what a retry is compared with. */
  readonly first: Draft;
}

export interface PostingFacts {
  readonly by: Omit<KeyedBy, 'key'>;
  readonly key: string | undefined;
  /** Corrected time, epoch milliseconds. */
  readonly now: number;
  readonly ttlDefaultMs: number;
  readonly freshId: () => string;
}

/** The posting of a request that the schema has passed. */
export function postingOf(request: MessageRequest, facts: PostingFacts): Posting {
  const { by, key, now, ttlDefaultMs } = facts;
  const isKeyed = key !== undefined;
  const targets = typeof request.to === 'string' ? [request.to] : [...new Set(request.to)].sort(byCodeUnits);
  const logs = targets.map((target) => userLog(userKey(by.tenant, target.slice('user:'.length))));
  const messageId = isKeyed ? keyedId({ ...by, key }) : facts.freshId();
  const first: Draft = {
    id: messageId,
    log: logs[0] as LogKey,
    acceptedAt: now,
    expiresAt: now + (request.ttl === undefined ? ttlDefaultMs : ttlMs(request.ttl)),
    event: request.event,
    ...(request.data === undefined ? {} : { data: JSON.stringify(request.data) }),
    ...(request.notification === undefined ? {} : { notification: JSON.stringify(request.notification) }),
    origin: {
      // Nothing is ever compared with a message that has no key.
      fingerprint: isKeyed ? fingerprintOf(request, targets) : '',
      recipients: logs.length,
      ...(request.externalId === undefined ? {} : { externalId: request.externalId }),
      ...(request.metadata === undefined ? {} : { metadata: JSON.stringify(request.metadata) }),
    },
  };
  return { messageId, isKeyed, isList: Array.isArray(request.to), logs, first };
}

/** The entries of all other addressees, with the times of the first one. */
export function furtherDrafts(
  { messageId, logs, first }: Posting,
  times: Pick<Draft, 'acceptedAt' | 'expiresAt'>,
): Draft[] {
  const { origin: _, ...shared } = first;
  return logs.slice(1).map((log) => ({
    ...shared,
    id: entryId(messageId, log, false),
    log,
    acceptedAt: times.acceptedAt,
    expiresAt: times.expiresAt,
  }));
}

/** Plain order of code units, which is also that of the logs. */
function byCodeUnits(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
