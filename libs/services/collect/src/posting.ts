/**
 * A request as drafts of entries: one per addressee, the least first.
 * Decides nothing about when they are stored.
 */
import { type MessageRequest, timeMs, ttlMs } from '@carillon/api';
import {
  allLog,
  type Draft,
  entryId,
  type LogKey,
  type Origin,
  topicLog,
  userKey,
  userLog,
} from '@carillon/domain';
import { fingerprintOf } from './fingerprint.js';
import { type KeyedBy, keyedId } from './message-id.js';

/** To one user, several named ones, who follows a topic, or everybody of the tenant. */
export type Target = 'user' | 'list' | 'topic' | 'all';

/** A message on its way into the logs. */
export interface Posting {
  readonly messageId: string;
  /** With a key, the first entry is durable before the others, so that a retry meets it. */
  readonly isKeyed: boolean;
  readonly target: Target;
  readonly logs: readonly LogKey[];
  /** The entry in the first log; it carries what a retry is compared with. */
  readonly first: Draft;
  /** 0: a volatile one, for who is there now. */
  readonly ttlMs: number;
  /** When it is to be appended, epoch milliseconds; absent: now. */
  readonly dueAt?: number;
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
  const { by, key, now } = facts;
  const isKeyed = key !== undefined;
  const targets = typeof request.to === 'string' ? [request.to] : [...new Set(request.to)].sort(byCodeUnits);
  const logs = targets.map((target) => logOf(by.tenant, target));
  const messageId = isKeyed ? keyedId({ ...by, key }) : facts.freshId();
  const lifeMs = request.ttl === undefined ? facts.ttlDefaultMs : ttlMs(request.ttl);
  const dueAt = dueAtOf(request, now);
  const first: Draft = {
    id: messageId,
    log: logs[0] as LogKey,
    acceptedAt: now,
    expiresAt: (dueAt ?? now) + lifeMs,
    ...contentOf(request),
    // Nothing is ever compared with a message that has no key.
    origin: originOf(request, { fingerprint: isKeyed ? fingerprintOf(request, targets) : '', logs }),
  };
  const target = targetOf(request.to);
  return {
    messageId,
    isKeyed,
    target,
    logs,
    first,
    ttlMs: lifeMs,
    ...(dueAt === undefined ? {} : { dueAt }),
  };
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

/** The posting as it is appended when its time has come: accepted then, and worth showing from then. */
export function postingDue(posting: Posting, now: number): Posting {
  const { dueAt: _, ...rest } = posting;
  return { ...rest, first: { ...posting.first, acceptedAt: now, expiresAt: now + posting.ttlMs } };
}

function contentOf({ event, data, notification, collapseKey }: MessageRequest) {
  return {
    event,
    ...(data === undefined ? {} : { data: JSON.stringify(data) }),
    ...(notification === undefined ? {} : { notification: JSON.stringify(notification) }),
    ...(collapseKey === undefined ? {} : { collapseKey }),
  };
}

function originOf(
  { externalId, metadata }: MessageRequest,
  { fingerprint, logs }: { readonly fingerprint: string; readonly logs: readonly LogKey[] },
): Origin {
  return {
    fingerprint,
    recipients: logs.length,
    ...(externalId === undefined ? {} : { externalId }),
    ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
  };
}

function targetOf(to: MessageRequest['to']): Target {
  if (typeof to !== 'string') return 'list';
  if (to === 'all') return 'all';
  return to.startsWith('topic:') ? 'topic' : 'user';
}

function logOf(tenant: string, target: string): LogKey {
  if (target === 'all') return allLog(tenant);
  if (target.startsWith('topic:')) return topicLog(tenant, target.slice('topic:'.length));
  return userLog(userKey(tenant, target.slice('user:'.length)));
}

function dueAtOf({ delay, sendAt }: MessageRequest, now: number): number | undefined {
  if (delay !== undefined) return now + ttlMs(delay);
  return sendAt === undefined ? undefined : timeMs(sendAt);
}

/** Plain order of code units, which is also that of the logs. */
function byCodeUnits(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
