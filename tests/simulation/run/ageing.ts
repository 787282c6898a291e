/** Marks, emptying, purge and erasure: what may become of an entry after it was committed, and when. */
import { type Entry, messageIdOf } from '@carillon/domain';
import { clockToleranceMs, fixedTimes } from './parameters.js';
import { dayMs } from './span.js';
import type { Truth } from './truth.js';

/** An entry was written anew: nothing of it may change but its mark, and content that goes. */
export function checkMark(truth: Truth, row: Entry): void {
  const { log, seq, mark } = row;
  const { current } = truth;
  const old = current.at(log, seq);
  truth.world.history.note('mark', log, seq, mark);
  if (old?.id !== row.id || old.expiresAt !== row.expiresAt)
    truth.violate('I4', `${log} ${seq} has become ${row.id}`);
  if (!old || mark === undefined) return;
  const before = current.markOf(log, seq)?.mark;
  if (before !== mark) {
    if (before && mark !== 'recalled') truth.violate('mark', `${log} ${seq} was ${before} and is ${mark}`);
    current.mark(log, seq, { mark, at: truth.world.time, replaced: before });
  }
  checkContent(truth, row);
  checkCause(truth, old, mark);
}

function checkContent(truth: Truth, { log, seq, mark, data, notification }: Entry): void {
  const isFull = data !== undefined || notification !== undefined;
  if (mark !== 'superseded' && isFull)
    truth.violate('mark', `${log} ${seq} is ${mark} and keeps its content`);
}

/** Every mark has a cause that is durable, was asked for, or is a matter of time. */
function checkCause(truth: Truth, old: Entry, mark: NonNullable<Entry['mark']>): void {
  const { log, seq, id } = old;
  const name = `${log} ${seq} (${messageIdOf(id)})`;
  if (mark === 'superseded' && !truth.current.hasNewer(old))
    truth.violate('mark', `${name} gives way to nothing that is durable`);
  if (mark === 'recalled' && !truth.recalls.has(messageIdOf(id)))
    truth.violate('mark', `${name} is recalled and nobody asked`);
  const isDue = old.expiresAt + fixedTimes.emptyAfterMs <= truth.now + clockToleranceMs;
  if (mark === 'emptied' && old.data !== undefined && !isDue && !truth.isErased(log))
    truth.violate('A3', `${name} was emptied before its time`);
}

/** An entry was removed. A late repetition of the command finds nothing. */
export function checkRemoval(truth: Truth, id: string): void {
  const { entries, purged } = truth.current;
  for (const [log, rows] of entries) {
    for (const row of rows.values()) {
      if (row.id === id && row.seq > (purged.get(log) ?? 0)) checkPurge(truth, row);
    }
  }
}

function checkPurge(truth: Truth, { log, seq, expiresAt, acceptedAt }: Entry): void {
  const { current } = truth;
  truth.world.history.note('purge', log, seq);
  const isOld = expiresAt <= truth.now && acceptedAt < truth.now - dayMs;
  if (!isOld) truth.violate('I1', `${log} ${seq} was purged before its time`);
  if (seq !== (current.purged.get(log) ?? 0) + 1)
    truth.violate('A3', `purge took ${log} ${seq}, not the oldest`);
  if (seq === current.head(log)) truth.violate('A3', `purge took the newest of ${log}`);
  current.purged.set(log, seq);
}
