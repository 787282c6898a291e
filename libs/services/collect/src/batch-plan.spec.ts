/** Phases of a batch: no entry of a log before one of an earlier posting, no rest before its first. */
import { draft, inbox, SeededRandom } from '@carillon/testkit';
import { describe, expect, it } from 'vitest';
import { planPhases } from './batch-plan.js';
import type { Posting } from './posting.js';

describe('the plan of a batch', () => {
  it('puts postings that wait for nobody into one phase', () => {
    const phases = planPhases([posting(['a'], true), posting(['a', 'b'], false), posting(['c'], false)]);
    expect(phases.map((steps) => steps.map(({ index, part }) => `${index} ${part}`))).toEqual([
      ['0 whole', '1 whole', '2 whole'],
    ]);
  });

  it('lets a posting to a later addressee of a list with a key wait for the list', () => {
    const phases = planPhases([posting(['a', 'b'], true), posting(['b'], false), posting(['a'], false)]);
    expect(phases.map((steps) => steps.map(({ index, part }) => `${index} ${part}`))).toEqual([
      ['0 first', '2 whole'],
      ['0 rest', '1 whole'],
    ]);
  });

  it('keeps the order of every log, whatever is in the batch', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const random = new SeededRandom(seed);
      const postings = Array.from({ length: 1 + Math.floor(random.next() * 12) }, () => {
        const names = ['a', 'b', 'c', 'd', 'e', 'f'].filter(() => random.next() < 0.4);
        return posting(names.length > 0 ? names : ['a'], random.next() < 0.5);
      });
      expect(broken(postings), `seed ${seed}`).toEqual([]);
    }
  });
});

/** Every entry as `[log, posting]` in the order in which it may be submitted. */
function placements(postings: readonly Posting[]): [string, number][] {
  return planPhases(postings).flatMap((steps) =>
    steps.flatMap(({ index, part }) => {
      const { logs } = postings[index] as Posting;
      const own = { whole: logs, first: logs.slice(0, 1), rest: logs.slice(1) }[part];
      return own.map((log): [string, number] => [log, index]);
    }),
  );
}

function broken(postings: readonly Posting[]): string[] {
  const faults: string[] = [];
  const phases = planPhases(postings);
  const phaseOf = (index: number, part: string) =>
    phases.findIndex((steps) => steps.some((step) => step.index === index && step.part === part));
  for (const [index, { isKeyed, logs }] of postings.entries()) {
    const isSplit = isKeyed && logs.length > 1;
    const isRight = isSplit
      ? phaseOf(index, 'first') >= 0 && phaseOf(index, 'first') < phaseOf(index, 'rest')
      : phaseOf(index, 'whole') >= 0;
    if (!isRight) faults.push(`the parts of ${index} are wrong`);
  }
  const placed = placements(postings);
  for (const [log, own] of Map.groupBy(placed, ([key]) => key)) {
    const order = own.map(([, index]) => index);
    if (order.join() !== order.toSorted((one, other) => one - other).join())
      faults.push(`${log} is out of order`);
  }
  if (placed.length !== postings.flatMap(({ logs }) => logs).length)
    faults.push('an entry is missing or doubled');
  return faults;
}

function posting(names: readonly string[], isKeyed: boolean): Posting {
  const logs = names.map((name) => inbox(name));
  return { messageId: 'm', isKeyed, target: 'list', logs, ttlMs: 1_000, first: draft({ log: logs[0]! }) };
}
