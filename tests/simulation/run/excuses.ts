/** Why an entry need not be shown. Must never excuse what only a service says. */
import { type Entry, type LogKey, messageIdOf } from '@carillon/domain';
import type { Chronicle } from './chronicle.js';
import { clockToleranceMs } from './parameters.js';
import type { Truth } from './truth.js';

/** A part of a log that somebody has passed over, after `after` up to `to`. */
export interface Passage {
  readonly log: LogKey;
  readonly after: number;
  readonly to: number;
  readonly who: string;
}

type Reason = 'expired' | 'superseded' | 'recalled';

/** Everything of it must have a reason not to be shown (I2). */
export function explain(truth: Truth, chronicle: Chronicle, { log, after, to, who }: Passage): void {
  for (let seq = after + 1; seq <= to; seq += 1) {
    const entry = chronicle.at(log, seq);
    if (!entry || !isExcused(truth, chronicle, entry))
      truth.violate('I2', `${who}: ${log} ${seq} (${entry?.id}) is passed over`);
  }
}

function isExcused(truth: Truth, chronicle: Chronicle, entry: Entry): boolean {
  return reasons.some((reason) => holds(truth, chronicle, { entry, reason }));
}

const reasons: readonly Reason[] = ['expired', 'superseded', 'recalled'];

/** What a skip frame says must be so; nothing here is ever poison. */
export function checkReason(
  truth: Truth,
  chronicle: Chronicle,
  facts: Passage & { readonly reason: string },
): void {
  const { log, after, to, who, reason } = facts;
  for (let seq = after + 1; seq <= to; seq += 1) {
    const entry = chronicle.at(log, seq);
    const isSo = reasons.includes(reason as Reason) && entry;
    if (!isSo || !holds(truth, chronicle, { entry, reason: reason as Reason }))
      truth.violate('skip', `${who}: ${log} ${seq} (${entry?.id}) is not ${reason}`);
  }
}

function holds(
  truth: Truth,
  chronicle: Chronicle,
  { entry, reason }: { readonly entry: Entry; readonly reason: Reason },
): boolean {
  const { log, seq } = entry;
  const mark = chronicle.markOf(log, seq)?.mark;
  const isRecalled = mark === 'recalled' && truth.recalls.has(messageIdOf(entry.id));
  if (reason === 'recalled') return isRecalled;
  // What had given way may have been recalled since.
  if (reason === 'superseded') return (mark === reason || isRecalled) && chronicle.hasNewer(entry);
  const wasErased = chronicle.wasEmptied(log, seq) && truth.isErased(log);
  return entry.expiresAt <= truth.now + clockToleranceMs || wasErased;
}
