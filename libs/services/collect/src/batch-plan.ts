/**
 * In which order the entries of several postings may be submitted: those of one log in the order of the
 * postings, although a list with a key must wait for its first entry.
 * Postings that share no log wait for nobody.
 */
import type { LogKey } from '@carillon/domain';
import type { Posting } from './posting.js';

/** `whole`: all entries at once; else the first entry, and in a later phase the others. */
export interface Step {
  /** Place of the posting among those that were planned. */
  readonly index: number;
  readonly part: 'whole' | 'first' | 'rest';
}

/**
 * Phases in order; the steps of a phase are submitted together,
 * in order, after all earlier phases are durable.
 */
export function planPhases(postings: readonly Posting[]): readonly (readonly Step[])[] {
  if (!postings.some(waits)) return [postings.map((_, index) => ({ index, part: 'whole' }))];
  const phases: Step[][] = [];
  const phaseOf = new Map<LogKey, number>();
  const place = (step: Step, logs: readonly LogKey[], from: number): number => {
    let phase = from;
    for (const log of logs) phase = Math.max(phase, phaseOf.get(log) ?? 0);
    for (const log of logs) phaseOf.set(log, phase);
    const steps = phases[phase] ?? [];
    steps.push(step);
    phases[phase] = steps;
    return phase;
  };
  for (const [index, posting] of postings.entries()) {
    const { logs } = posting;
    if (waits(posting)) {
      const phase = place({ index, part: 'first' }, logs.slice(0, 1), 0);
      place({ index, part: 'rest' }, logs.slice(1), phase + 1);
    } else {
      place({ index, part: 'whole' }, logs, 0);
    }
  }
  return phases;
}

/** A list with a key: its first entry goes before the others. */
function waits({ isKeyed, logs }: Posting): boolean {
  return isKeyed && logs.length > 1;
}
