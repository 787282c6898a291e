// The few figures that a bench makes of its rounds. Pure; must never hide a missing value: of nothing there
// is no median.

/** The middle one, or the mean of the middle two. @throws RangeError of nothing */
export function median(numbers: readonly number[]): number {
  if (numbers.length === 0) throw new RangeError('there is no median of nothing');
  const sorted = [...numbers].sort((one, other) => one - other);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? 0) + upper) / 2;
}

/** @throws RangeError of nothing */
export function least(numbers: readonly number[]): number {
  if (numbers.length === 0) throw new RangeError('there is no least of nothing');
  return Math.min(...numbers);
}

/**
 * The median of what each round gives: both figures of a ratio were measured next to each other, so a machine
 * that drifts between rounds does not move it. @throws RangeError when the rounds are not the same ones
 */
export function medianRatio(ours: readonly number[], theirs: readonly number[]): number {
  if (ours.length !== theirs.length)
    throw new RangeError(`${ours.length} rounds are not ${theirs.length} rounds`);
  return median(ours.map((own, round) => own / (theirs[round] ?? Number.NaN)));
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Slope of the straight line that fits best (least squares): y per x. @throws RangeError under two points */
export function trend(points: readonly Point[]): number {
  if (points.length < 2) throw new RangeError('a line needs two points');
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length;
  const over = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  const under = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  if (under === 0) throw new RangeError('all points have the same x');
  return over / under;
}
