/**
 * What a user's token says, and which topics it opens.
 * Must never trust a value before its signature was verified.
 */
import { isName, isTopicPattern, limits } from '@carillon/wire';

/** Who the bearer is. All names match `namePattern` of wire. */
export interface UserClaims {
  readonly tenant: string;
  readonly user: string;
  /** Binds the token to one device; absent: any device of the user. */
  readonly device?: string;
  /** Topics that may be subscribed to: a name, or the beginning of one followed by `*`. */
  readonly topics?: readonly string[];
}

/** The registered claims besides the user's, RFC 7519. Times are seconds since the epoch. */
export interface TokenTimes {
  readonly iat: number;
  readonly exp: number;
}

/** Signatures that are accepted anywhere; each key allows exactly one. RFC 7518. */
export const tokenAlgorithms = ['RS256', 'ES256'] as const;
export type TokenAlgorithm = (typeof tokenAlgorithms)[number];

/** The only `typ` of a header. */
export const tokenType = 'JWT';

/** Times of a token may differ from ours by this much. */
export const tokenSkewMs = 30_000;

/**
 * Whether a token with these patterns may subscribe to the topic.
 * Denies by default: without patterns, nothing.
 * @param patterns the `topics` claim of a verified token
 */
export function isTopicAllowed(patterns: readonly string[] | undefined, topic: string): boolean {
  if (!patterns) return false;
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? topic.startsWith(pattern.slice(0, -1)) : topic === pattern,
  );
}

/** The user claims of a payload, or what is wrong with it in one sentence. */
export function readUserClaims(payload: Readonly<Record<string, unknown>>): UserClaims | string {
  const { tenant, sub: user, device, topics } = payload;
  if (!isName(user)) return 'the claim sub is not a name';
  if (!isName(tenant)) return 'the claim tenant is not a name';
  if (device !== undefined && !isName(device)) return 'the claim device is not a name';
  if (topics !== undefined && !isTopicPatterns(topics)) return 'the claim topics is not a list of topics';
  return {
    tenant,
    user,
    ...(device === undefined ? {} : { device }),
    ...(topics === undefined ? {} : { topics }),
  };
}

function isTopicPatterns(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= limits.topicsPerSessionMax && value.every(isTopicPattern);
}
