/**
 * Who may do what: tenants, signing keys, API keys. Secrets are kept as hashes or encrypted, never in clear.
 */
import type { PublicJwk } from './exchange/auth.js';

export interface Tenant {
  readonly id: string;
  /** Exact browser origins that may open sockets and call REST for this tenant. */
  readonly origins: readonly string[];
}

/** Signs user tokens. `privateKey` is PEM (PKCS 8), encrypted when a secret is configured. */
export interface SigningKey {
  readonly kid: string;
  readonly createdAt: number;
  readonly publicJwk: PublicJwk;
  readonly privateKey: string;
}

export const scopes = [
  'messages:write',
  'messages:read',
  'topics:write',
  'broadcast',
  'users:admin',
  'webhooks:admin',
  'tokens:write',
  'admin',
] as const;
export type Scope = (typeof scopes)[number];

/**
 * An API key as it is stored: HMAC-SHA256 of the whole key: under a pepper, hex; without one
 * `salt:<salt>:<hex>`.
 */
export interface ApiKeyRecord {
  readonly id: string;
  readonly tenant: string;
  /** Who posts; several keys of one principal share their idempotency keys. */
  readonly principal: string;
  readonly hash: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  readonly expiresAt?: number;
}
