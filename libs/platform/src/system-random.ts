/** The machine's chance: fit for ids and secrets. */
import { randomBytes } from 'node:crypto';
import { Random } from '@carillon/domain/ports';

export class SystemRandom extends Random {
  override next(): number {
    return Math.random();
  }

  override bytes(count: number): Uint8Array {
    return randomBytes(count);
  }
}
