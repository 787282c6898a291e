/** The machine's chance: fit for ids and secrets. */
import { randomBytes } from 'node:crypto';
import { Random } from '@carillon/domain/ports';

/** Asked of the system at once: a call for each id would cost more than the rest of the id. */
const poolBytes = 4_096;
/** More than this is no id, and is asked for by itself. */
const pooledMax = 32;

export class SystemRandom extends Random {
  #pool: Uint8Array = new Uint8Array();
  #used = 0;

  override next(): number {
    return Math.random();
  }

  /** No byte is ever given out twice. */
  override bytes(count: number): Uint8Array {
    if (count > pooledMax) return randomBytes(count);
    if (this.#used + count > this.#pool.length) {
      this.#pool = randomBytes(poolBytes);
      this.#used = 0;
    }
    this.#used += count;
    return this.#pool.subarray(this.#used - count, this.#used);
  }
}
