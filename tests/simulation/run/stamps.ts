/**
 * Times that were written down, against the true time; and appends that must not be any more. Trusted clocks
 * are right within a tolerance, others must stamp nothing.
 */
import { type Entry, messageIdOf } from '@carillon/domain';
import { clockToleranceMs } from './parameters.js';
import type { Post } from './posts.js';
import { dayMs } from './span.js';
import type { Truth } from './truth.js';

const ttlDefaultMs = 7 * dayMs;
/** A command of an attempt that has ended may still reach the store, or be committed there. */
const lateMs = 4_500;

/** When it was accepted, when it is over, and that it was not due later. */
export function checkStamps(truth: Truth, { log, seq, acceptedAt, expiresAt }: Entry, post: Post): void {
  const { startMs } = truth.world;
  const name = `${log} ${seq} (${post.n})`;
  const dueAt = startMs + post.postedAt + (post.delayS ?? 0) * 1_000;
  if (post.ttlS === 0) truth.violate('volatile', `${name} was stored`);
  if (acceptedAt < dueAt - clockToleranceMs)
    truth.violate('clock', `${name} is stamped ${dueAt - acceptedAt} ms too early`);
  if (acceptedAt > truth.now + clockToleranceMs)
    truth.violate('clock', `${name} is stamped ${acceptedAt - truth.now} ms in the future`);
  const ttlMs = post.ttlS === undefined ? ttlDefaultMs : post.ttlS * 1_000;
  if (expiresAt - acceptedAt !== ttlMs) truth.violate('clock', `${name} lives ${expiresAt - acceptedAt} ms`);
}

/** What was recalled or cancelled is not appended by an attempt that began after that. */
export function checkAttempts(truth: Truth, row: Entry, { attempts, delayS, n }: Post): void {
  const recall = truth.recalls.get(messageIdOf(row.id));
  if (recall?.confirmedAt === undefined) return;
  if (recall.isCancelled) truth.violate('recall', `${n} was cancelled and is in ${row.log}`);
  if (delayS !== undefined) return;
  const { confirmedAt } = recall;
  const isExcused = attempts.some(
    ({ beganAt, endedAt }) =>
      beganAt <= confirmedAt && (endedAt === undefined || endedAt + lateMs > truth.world.time),
  );
  if (!isExcused) truth.violate('recall', `${n} was recalled, and comes into ${row.log} afterwards`);
}
