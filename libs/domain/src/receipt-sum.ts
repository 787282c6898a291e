/**
 * The additions of one receipt as one row. Must give the same whatever their order and however often one of
 * them is there: a flush whose outcome was unknown is written again.
 */
import type { Receipt, TimedRange } from './receipt.js';

/** All additions of each id as one receipt, in the order in which the ids come first. */
export function receiptSums(additions: readonly Receipt[]): Receipt[] {
  return [...Map.groupBy(additions, ({ id }) => id).values()].flatMap((own) => sumOf(own) ?? []);
}

function sumOf(additions: readonly Receipt[]): Receipt | undefined {
  const [first] = additions;
  if (!first) return undefined;
  return {
    ...first,
    sent: union(additions.flatMap(({ sent }) => sent)),
    settled: union(additions.flatMap(({ settled }) => settled)),
    failed: unique(additions.flatMap(({ failed }) => failed)),
    unhandled: unique(additions.flatMap(({ unhandled }) => unhandled)),
  };
}

/** By time, then by seq. What overlaps at one instant is one range; neighbours stay apart as they were. */
function union<R extends TimedRange & { readonly way?: string }>(ranges: readonly R[]): R[] {
  const merged: R[] = [];
  for (const range of ranges.toSorted(byInstant)) {
    const last = merged.at(-1);
    if (last && last.at === range.at && last.way === range.way && range.from <= last.to) {
      merged[merged.length - 1] = { ...last, to: Math.max(last.to, range.to) };
    } else {
      merged.push(range);
    }
  }
  return merged.sort((a, b) => a.at - b.at || a.from - b.from);
}

function byInstant(a: TimedRange & { way?: string }, b: TimedRange & { way?: string }): number {
  return a.at - b.at || (a.way ?? '').localeCompare(b.way ?? '') || a.from - b.from;
}

function unique(seqs: readonly number[]): number[] {
  return [...new Set(seqs)].sort((a, b) => a - b);
}
