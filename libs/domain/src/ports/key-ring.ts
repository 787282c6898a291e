/** Tenants and keys, shared by all Auth processes. */
import type { ApiKeyRecord, SigningKey, Tenant } from '../identity.js';

export abstract class KeyRing {
  /**
   * Stores the tenant unless one with its id exists. Durable.
   * @returns the one that is stored. @throws PortUnavailable
   */
  abstract ensureTenant(tenant: Tenant): Promise<Tenant>;
  abstract tenants(): Promise<readonly Tenant[]>;
  /**
   * Stores the first signing key unless there is one already: of racing processes one wins. Durable.
   * @returns the one that is stored. @throws PortUnavailable
   */
  abstract ensureSigningKey(candidate: SigningKey): Promise<SigningKey>;
  /** Newest first. @throws PortUnavailable */
  abstract signingKeys(): Promise<readonly SigningKey[]>;
  /**
   * Stores the key unless one with its id exists. Durable.
   * @returns whether this one was stored. @throws PortUnavailable
   */
  abstract addApiKey(record: ApiKeyRecord): Promise<boolean>;
  /** @throws PortUnavailable */
  abstract apiKey(id: string): Promise<ApiKeyRecord | undefined>;
}
