/** Chance from a seed for domain's own specs, which may not import the testkit. */
import { Random } from '../ports/random.js';

/** xorshift32; the same seed gives the same run. */
export class Seeded extends Random {
  private state: number;

  constructor(readonly seed: number) {
    super();
    this.state = seed | 0 || 1;
  }

  override next(): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) / 4_294_967_296;
  }

  override bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => Math.floor(this.next() * 256));
  }

  /** A whole number from `from` to `to`, both inclusive. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }
}

/** A seed for this run, to be printed in a test's title. */
export function anySeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
