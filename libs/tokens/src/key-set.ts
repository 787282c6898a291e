/**
 * The public keys that count now, by their id.
 * A key is parsed once and kept for as long as it stays in the set.
 */
import type { PublicJwk } from '@carillon/domain';
import { readVerificationKey, type VerificationKey } from './key.js';

interface Held {
  readonly text: string;
  readonly key: VerificationKey;
}

/** Most keys of one set; an issuer rotates two or three. */
export const keySetMax = 64;

export class KeySet {
  private held: ReadonlyMap<string, Held> = new Map();

  /** The key, parsed already. */
  get(kid: string): VerificationKey | undefined {
    return this.held.get(kid)?.key;
  }

  get size(): number {
    return this.held.size;
  }

  /**
   * From now on these keys count and no others;
   * those that have not changed are not parsed again. All or nothing.
   * @throws UnfitKey when one of them cannot be used,
   * RangeError when they are too many; the set stays as it was.
   */
  replace(jwks: readonly PublicJwk[]): void {
    if (jwks.length > keySetMax) throw new RangeError(`a key set has at most ${keySetMax} keys`);
    const next = new Map<string, Held>();
    for (const jwk of jwks) {
      const text = JSON.stringify(jwk);
      const known = this.held.get(jwk.kid);
      next.set(jwk.kid, known?.text === text ? known : { text, key: readVerificationKey(jwk) });
    }
    this.held = next;
  }
}
