/**
 * Durations in buckets that grow with the value, exact to 1.6 %. Must never answer less than was measured:
 * a percentile is the upper edge of its bucket.
 */

/** What travels between threads: `buckets` are pairs of an index and a count, in no order. */
export interface HistogramParts {
  readonly buckets: readonly (readonly [number, number])[];
  readonly sumMs: number;
  readonly maxMs: number;
}

/** So many durations of at most `uptoMs`, and longer than the slice before. */
export interface Slice {
  readonly uptoMs: number;
  readonly count: number;
}

const bucketsPerDoubling = 64;
/** Longer durations count as this one. */
const durationMaxMs = 3_600_000;

/** Bounded: about 2,000 buckets whatever comes. */
export class Histogram {
  count = 0;
  maxMs = 0;
  readonly #counts = new Map<number, number>();
  #sumMs = 0;

  /** Anything below a microsecond counts as one. */
  add(ms: number): void {
    const kept = Math.min(ms, durationMaxMs);
    this.#put(indexOf(Math.max(1, Math.round(kept * 1_000))), 1);
    this.#sumMs += kept;
    this.maxMs = Math.max(this.maxMs, kept);
  }

  /** Adds what another one has measured. */
  merge({ buckets, sumMs, maxMs }: HistogramParts): void {
    for (const [index, count] of buckets) this.#put(index, count);
    this.#sumMs += sumMs;
    this.maxMs = Math.max(this.maxMs, maxMs);
  }

  parts(): HistogramParts {
    return { buckets: [...this.#counts], sumMs: this.#sumMs, maxMs: this.maxMs };
  }

  /** 0 where nothing was measured. */
  get meanMs(): number {
    return this.count === 0 ? 0 : this.#sumMs / this.count;
  }

  /** The duration that this share (0 to 1) of all did not exceed; 0 where nothing was measured. */
  percentileMs(share: number): number {
    const wanted = Math.ceil(share * this.count);
    let seen = 0;
    for (const { uptoMs, count } of this.slices()) {
      seen += count;
      if (seen >= wanted) return uptoMs;
    }
    return this.maxMs;
  }

  /** From short to long; the last one ends at the longest duration. */
  slices(): Slice[] {
    const sorted = [...this.#counts].sort(([one], [other]) => one - other);
    return sorted.map(([index, count]) => ({
      uptoMs: Math.min(upperEdge(index) / 1_000, this.maxMs),
      count,
    }));
  }

  #put(index: number, count: number): void {
    this.#counts.set(index, (this.#counts.get(index) ?? 0) + count);
    this.count += count;
  }
}

function indexOf(us: number): number {
  const doublings = Math.max(0, Math.floor(Math.log2(us / bucketsPerDoubling)));
  return doublings * bucketsPerDoubling + Math.floor(us / 2 ** doublings);
}

function upperEdge(index: number): number {
  const doublings = Math.max(0, Math.floor(index / bucketsPerDoubling) - 1);
  return (index - doublings * bucketsPerDoubling + 1) * 2 ** doublings - 1;
}
