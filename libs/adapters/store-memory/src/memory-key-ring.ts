/** Tenants and keys in memory: the first one stays. */
import type { ApiKeyRecord, SigningKey, Tenant } from '@carillon/domain';
import { KeyRing } from '@carillon/domain/ports';
import type { MemoryAccess } from './memory-data.js';

/** KeyRing over maps. */
export class MemoryKeyRing extends KeyRing {
  constructor(private readonly access: MemoryAccess) {
    super();
  }

  override async ensureTenant(tenant: Tenant): Promise<Tenant> {
    const { tenants } = this.access.data;
    const stored = tenants.get(tenant.id) ?? tenant;
    tenants.set(tenant.id, stored);
    return stored;
  }

  override async tenants(): Promise<readonly Tenant[]> {
    return [...this.access.data.tenants.values()];
  }

  override async ensureSigningKey(candidate: SigningKey): Promise<SigningKey> {
    const { signingKeys } = this.access.data;
    const stored = signingKeys[0] ?? candidate;
    if (signingKeys.length === 0) signingKeys.push(stored);
    return stored;
  }

  override async signingKeys(): Promise<readonly SigningKey[]> {
    return [...this.access.data.signingKeys].sort((a, b) => b.createdAt - a.createdAt);
  }

  override async addApiKey(record: ApiKeyRecord): Promise<boolean> {
    const { apiKeys } = this.access.data;
    if (apiKeys.has(record.id)) return false;
    apiKeys.set(record.id, record);
    return true;
  }

  override async apiKey(id: string): Promise<ApiKeyRecord | undefined> {
    return this.access.data.apiKeys.get(id);
  }
}
