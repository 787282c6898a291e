/** Signs users' tokens. Must never sign what `verifyToken` would refuse. */
import { limits } from '@carillon/wire';
import jwt from 'jsonwebtoken';
import { readUserClaims, tokenType, type UserClaims } from './claims.js';
import type { TokenSigner } from './key.js';

export interface TokenOrder {
  readonly signer: TokenSigner;
  readonly claims: UserClaims;
  readonly issuer: string;
  readonly audience: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Rounded down to full seconds. */
  readonly ttlMs: number;
}

export interface IssuedToken {
  readonly token: string;
  /** Epoch milliseconds, full seconds. */
  readonly expiresAt: number;
}

/** The claims do not fit into `limits.tokenBytesMax`: fewer or shorter topics are needed. */
export class TokenTooBig extends Error {
  override readonly name = 'TokenTooBig';
}

/**
 * A compact JWS that `verifyToken` accepts with the same issuer and audience until it expires.
 * @throws RangeError when a claim is not a name or the ttl is not within a second and `limits.tokenTtlMaxMs`.
 * @throws TokenTooBig
 */
export function signToken(order: TokenOrder): IssuedToken {
  const { signer, claims, issuer, audience, now, ttlMs } = order;
  if (!(ttlMs >= 1_000 && ttlMs <= limits.tokenTtlMaxMs)) {
    throw new RangeError(`a token lives between 1000 and ${limits.tokenTtlMaxMs} ms, not ${ttlMs}`);
  }
  const { user, ...others } = claims;
  const iat = Math.floor(now / 1_000);
  const exp = iat + Math.floor(ttlMs / 1_000);
  const payload = { iss: issuer, aud: audience, sub: user, ...others, iat, exp };
  const checked = readUserClaims(payload);
  if (typeof checked === 'string') throw new RangeError(checked);
  const header = { alg: signer.alg, typ: tokenType, kid: signer.kid };
  const token = jwt.sign(payload, signer.key, { algorithm: signer.alg, header });
  if (token.length > limits.tokenBytesMax) throw new TokenTooBig(`${token.length} bytes`);
  return { token, expiresAt: exp * 1_000 };
}
