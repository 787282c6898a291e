// Whether a figure keeps its budget. Only ratios of one run, sizes and promises can fail a bench, and only
// by more than the tolerance: times of day drift from machine to machine. Must never change a budget after
// a figure was seen.

/** Beyond this share above its budget a figure fails the bench. */
export const tolerance = 0.15;

export interface Budget {
  readonly what: string;
  readonly figure: number;
  readonly unit: string;
  readonly atMost: number;
  /** `ratio` and `size` fail beyond the tolerance, `promise` at once, `time` never. */
  readonly kind: 'ratio' | 'size' | 'promise' | 'time';
}

export type Verdict = 'kept' | 'within tolerance' | 'over' | 'over, not judged';

export function verdictOn({ figure, atMost, kind }: Budget): Verdict {
  if (figure <= atMost) return 'kept';
  // Written so that a figure that is no number is never let through.
  const isTolerable = figure <= atMost * (1 + tolerance);
  if (kind === 'promise') return 'over';
  if (isTolerable) return 'within tolerance';
  return kind === 'time' ? 'over, not judged' : 'over';
}
