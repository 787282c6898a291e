/** Chance from a seed: the same seed gives the same run. Never for secrets. */
import { Random } from '@carillon/domain/ports';

export class SeededRandom extends Random {
  private state: number;

  constructor(readonly seed: number) {
    super();
    this.state = seed >>> 0;
  }

  /** mulberry32 */
  override next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  override bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => Math.floor(this.next() * 256));
  }
}
