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

function broken(postings: readonly Posting[]): string[] {
  const faults: string[] = [];
  const placed = new Map<string, number[]>();
  const firstAt = new Map<number, number>();
  for (const [phase, steps] of planPhases(postings).entries()) {
    for (const { index, part } of steps) {
      const { logs } = postings[index] as Posting;
      if (part === 'first') firstAt.set(index, phase);
      if (part === 'rest' && !((firstAt.get(index) ?? phase) < phase))
        faults.push(`rest of ${index} is too early`);
      const from = part === 'rest' ? 1 : 0;
      const own = part === 'first' ? logs.slice(0, 1) : logs.slice(from);
      for (const log of own) placed.set(log, [...(placed.get(log) ?? []), index]);
    }
  }
  for (const [log, order] of placed) {
    if (order.join() !== order.toSorted((one, other) => one - other).join())
      faults.push(`${log} is out of order`);
  }
  const entries = [...placed.values()].flat().length;
  if (entries !== postings.flatMap(({ logs }) => logs).length) faults.push('an entry is missing or doubled');
  return faults;
}

function posting(names: readonly string[], isKeyed: boolean): Posting {
  const logs = names.map((name) => inbox(name));
  return { messageId: 'm', isKeyed, isList: true, logs, first: draft({ log: logs[0]! }) };
}
