// A list of numbers that grows, at eight bytes each: a run of an hour has a million of everything.
const firstLength = 1_024;

export class Column {
  length = 0;
  private values = new Float64Array(firstLength);

  push(value: number): void {
    if (this.length === this.values.length) {
      const grown = new Float64Array(this.length * 2);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.length++] = value;
  }

  /** NaN where there is nothing. */
  at(index: number): number {
    return index < this.length ? (this.values[index] as number) : Number.NaN;
  }

  /** A copy, ascending. */
  sorted(): Float64Array {
    return this.values.slice(0, this.length).sort();
  }
}

/** Of an ascending list; 0 where it is empty. */
export function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
