/**
 * Signatures that held, so that a token which comes again costs no cryptography: clients that reconnect show
 * the one they have. Never holds a token whose signature was wrong, and says nothing of times.
 */
import type { VerificationKey } from './key.js';

export type Claims = Readonly<Record<string, unknown>>;

interface Checked {
  readonly kid: string;
  readonly key: VerificationKey;
  readonly claims: Claims;
}

export class CheckedSignatures {
  private readonly held = new Map<string, Checked>();

  /** `max`: of tokens, each at most `limits.tokenBytesMax`; the one that came first makes room. */
  constructor(private readonly max: number) {}

  get size(): number {
    return this.held.size;
  }

  /** What the token claims, if its signature held and the very key that made it still counts. */
  claimsOf(token: string, keys: { get(kid: string): VerificationKey | undefined }): Claims | undefined {
    const checked = this.held.get(token);
    if (!checked) return undefined;
    if (keys.get(checked.kid) === checked.key) return checked.claims;
    this.held.delete(token);
    return undefined;
  }

  note(token: string, checked: Checked): void {
    this.held.set(token, checked);
    if (this.held.size > this.max) this.held.delete(this.held.keys().next().value as string);
  }
}
