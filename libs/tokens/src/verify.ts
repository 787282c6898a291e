/**
 * The verdict on a user's token, after RFC 8725. Must never let the token choose its key, its algorithm or a
 * place to look for either: the key comes from the given set and pins the algorithm.
 */
import type { TokenVerdict } from '@carillon/domain';
import { isName, limits } from '@carillon/wire';
import jwt from 'jsonwebtoken';
import type { CheckedSignatures, Claims } from './checked-signatures.js';
import {
  readUserClaims,
  type TokenAlgorithm,
  type TokenTimes,
  tokenAlgorithms,
  tokenSkewMs,
  tokenType,
} from './claims.js';
import type { VerificationKey } from './key.js';

/**
 * `'refused'` is final for this token; `'expired'` asks for a fresh one; `'unknown-key'` may be known later.
 */
export type Verdict = TokenVerdict;

export interface VerifyOrder {
  /** As it came; anything that is no short compact JWS is refused. */
  readonly token: string;
  readonly keys: { get(kid: string): VerificationKey | undefined };
  readonly issuer: string;
  readonly audience: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Of tokens that came before. */
  readonly checked?: CheckedSignatures;
}

interface Header {
  readonly alg: TokenAlgorithm;
  readonly kid: string;
}

const compactJws = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
/**
 * Each names a key, or a place to fetch one, that the bearer chose; `crit` changes what a signature means.
 */
const forbiddenParameters = ['jku', 'x5u', 'x5c', 'jwk', 'crit', 'b64', 'zip'];

/**
 * Total: never throws, asks nobody, whatever the token is. `'accepted'` means: signed by one of the keys with
 * that key's algorithm, for exactly this issuer and audience, not before its time and not expired (30 s
 * skew), valid for at most 15 minutes, every claim well formed. `detail` never repeats a part of the token.
 */
export function verifyToken(order: VerifyOrder): Verdict {
  const { token, keys, checked } = order;
  const known = checked?.claimsOf(token, keys);
  if (known) return judge(known, order);
  const header = readHeader(token);
  if (typeof header === 'string') return refused(header);
  const { alg, kid } = header;
  const key = keys.get(kid);
  if (!key) return { verdict: 'unknown-key', detail: 'no key with this id is known' };
  if (key.alg !== alg) return refused('the algorithm is not the one of its key');
  const claims = verifiedClaims(token, key);
  if (!claims) return refused('the signature is not valid');
  checked?.note(token, { kid, key, claims });
  return judge(claims, order);
}

function refused(detail: string): Verdict {
  return { verdict: 'refused', detail };
}

function readHeader(token: string): Header | string {
  if (typeof token !== 'string' || token.length > limits.tokenBytesMax) return 'the token is too long';
  if (!compactJws.test(token)) return 'it is not a signed token in compact form';
  const header = parseObject(token.slice(0, token.indexOf('.')));
  if (!header) return 'the header is not a JSON object';
  const forbidden = forbiddenParameters.find((name) => Object.hasOwn(header, name));
  if (forbidden) return `the header parameter ${forbidden} is not allowed`;
  const alg = tokenAlgorithms.find((name) => name === header.alg);
  if (!alg) return `the algorithm is none of ${tokenAlgorithms.join(', ')}`;
  if (header.typ !== tokenType) return `the type is not ${tokenType}`;
  const { kid } = header;
  return isName(kid) ? { alg, kid } : 'the key id is not a name';
}

function parseObject(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    // Anybody may send anything: not JSON is an answer, not a fault.
    return undefined;
  }
}

function verifiedClaims(token: string, { key, alg }: VerificationKey): Claims | undefined {
  try {
    // Times and names are judged below, after the signature,
    // so that 'expired' is said of our own tokens only.
    const payload: unknown = jwt.verify(token, key, {
      algorithms: [alg],
      ignoreExpiration: true,
      ignoreNotBefore: true,
    });
    return isObject(payload) ? payload : undefined;
  } catch {
    // The library throws for every token that is not what it should be;
    // the keys were checked when they were read.
    return undefined;
  }
}

function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function judge(claims: Claims, order: VerifyOrder): Verdict {
  if (claims.iss !== order.issuer) return refused('the issuer is another one');
  if (claims.aud !== order.audience) return refused('the audience is another one');
  const user = readUserClaims(claims);
  if (typeof user === 'string') return refused(user);
  const times = readTimes(claims, order.now);
  if (typeof times === 'string') return refused(times);
  const expiresAt = times.exp * 1_000;
  if (order.now >= expiresAt + tokenSkewMs) return { verdict: 'expired', detail: 'the token has expired' };
  return { verdict: 'accepted', ...user, expiresAt };
}

function readTimes(claims: Claims, now: number): TokenTimes | string {
  const { iat, exp, nbf } = claims;
  if (!isTime(exp)) return 'the claim exp is missing or not a time';
  if (!isTime(iat)) return 'the claim iat is missing or not a time';
  if (nbf !== undefined && !isTime(nbf)) return 'the claim nbf is not a time';
  if (exp <= iat) return 'the token expires before it was issued';
  if ((exp - iat) * 1_000 > limits.tokenTtlMaxMs) return 'the token is valid for too long';
  if (Math.max(iat, nbf ?? iat) * 1_000 > now + tokenSkewMs) return 'the token is not valid yet';
  return { iat, exp };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
