/** What Push and Collect ask Auth over the bus, and what it answers. JSON. */

/** Of one request; that many of the longest tokens fit into one message of the bus. */
export const tokensPerRequestMax = 64;

export interface VerifyRequest {
  /** At most `tokensPerRequestMax`. */
  readonly tokens: readonly string[];
}

export interface VerifyReply {
  /** One per token, in their order. */
  readonly verdicts: readonly TokenVerdict[];
}

/**
 * `'refused'` is final for this token; `'expired'` asks for a fresh one; `'unknown-key'` may be known later.
 */
export type TokenVerdict =
  | {
      readonly verdict: 'accepted';
      readonly tenant: string;
      readonly user: string;
      /** Epoch milliseconds. */
      readonly expiresAt: number;
      readonly device?: string;
      /** Topic patterns that the token allows. */
      readonly topics?: readonly string[];
    }
  | { readonly verdict: 'refused' | 'expired' | 'unknown-key'; readonly detail: string };

/**
 * What Push needs to judge without asking:
 * exact origins per tenant and the public keys for when Auth is silent.
 */
export interface AuthPolicy {
  readonly origins: Readonly<Record<string, readonly string[]>>;
  readonly issuer: string;
  readonly audience: string;
  /** Public JSON Web Keys, RFC 7517. */
  readonly keys: readonly PublicJwk[];
}

/** A public RSA or EC key, RFC 7517. */
export interface PublicJwk {
  readonly kid: string;
  readonly kty: string;
  readonly alg: string;
  readonly use: string;
  readonly [member: string]: string;
}

export interface KeyCheckRequest {
  /** The API key as the producer sent it; never logged. */
  readonly key: string;
}

export type KeyCheckReply =
  | {
      readonly verdict: 'accepted';
      readonly tenant: string;
      /** Who posts, stable over key rotation. */
      readonly principal: string;
      readonly keyId: string;
      readonly scopes: readonly string[];
      /** The answer may be cached until then, epoch milliseconds. */
      readonly cacheUntil: number;
    }
  | { readonly verdict: 'refused' };
