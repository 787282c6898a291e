/**
 * What KeyRing promises: of racing processes one wins, and all see the same.
 * Must cope with keys that are there.
 */
import { describe, expect, it } from 'vitest';
import type { ApiKeyRecord, SigningKey, Tenant } from '../identity.js';
import { acceptedAt, freshName, span } from './specimens.js';
import type { StoreSubject } from './store-subject.js';

/** Registers the suite. */
export function keyRingContract(subject: StoreSubject): void {
  describe('KeyRing', () => {
    tenants(subject);
    signingKeys(subject);
    apiKeys(subject);
  });
}

function tenants({ store, other }: StoreSubject): void {
  it('stores a tenant once and gives later ones the stored one', async () => {
    const tenant: Tenant = { id: freshName(), origins: ['https://a.example', 'http://localhost:8080'] };
    expect(await store().keyRing.ensureTenant(tenant)).toEqual(tenant);
    expect(await other().keyRing.ensureTenant({ ...tenant, origins: [] })).toEqual(tenant);
    expect((await other().keyRing.tenants()).filter((each) => each.id === tenant.id)).toEqual([tenant]);
  });

  it('lets one of 20 racing tenants win', async () => {
    const id = freshName();
    const stored = await Promise.all(
      span(1, 20).map((n) =>
        (n % 2 ? store() : other()).keyRing.ensureTenant({ id, origins: [`https://${n}.example`] }),
      ),
    );
    expect(new Set(stored.map((each) => each.origins[0])).size).toBe(1);
    expect((await store().keyRing.tenants()).filter((each) => each.id === id)).toEqual([stored[0]]);
  });
}

function signingKeys({ store, other }: StoreSubject): void {
  it('has one signing key after 20 processes have ensured theirs at once', async () => {
    const before = await store().keyRing.signingKeys();
    const candidates = span(1, 20).map(signingKey);
    const stored = await Promise.all(
      candidates.map((each, n) => (n % 2 ? store() : other()).keyRing.ensureSigningKey(each)),
    );
    const after = await other().keyRing.signingKeys();
    expect(after).toHaveLength(Math.max(1, before.length));
    for (const each of stored) expect(each).toEqual(stored[0]);
    expect(after.map((each) => each.kid)).toContain(stored[0]!.kid);
    if (before.length === 0) expect(candidates).toContainEqual(stored[0]);
  });

  it('keeps the first signing key when another is brought later', async () => {
    const first = await store().keyRing.ensureSigningKey(signingKey(1));
    expect(await other().keyRing.ensureSigningKey(signingKey(2))).toEqual(first);
    expect(await store().keyRing.ensureSigningKey(signingKey(3))).toEqual(first);
  });
}

function apiKeys({ store, other }: StoreSubject): void {
  it('stores an API key once', async () => {
    const record = apiKey(freshName());
    expect(await store().keyRing.addApiKey(record)).toBe(true);
    expect(await other().keyRing.addApiKey({ ...record, hash: 'other', scopes: ['admin'] })).toBe(false);
    expect(await other().keyRing.apiKey(record.id)).toEqual(record);
    expect(await other().keyRing.apiKey(freshName())).toBeUndefined();
  });

  it('keeps the end of an API key', async () => {
    const record = { ...apiKey(freshName()), expiresAt: acceptedAt + 1 };
    await store().keyRing.addApiKey(record);
    expect(await other().keyRing.apiKey(record.id)).toEqual(record);
  });

  it('lets one of 20 racing API keys win', async () => {
    const id = freshName();
    const records = span(1, 20).map((n) => ({ ...apiKey(id), hash: `hash ${n}` }));
    const won = await Promise.all(
      records.map((each, n) => (n % 2 ? store() : other()).keyRing.addApiKey(each)),
    );
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await other().keyRing.apiKey(id)).toEqual(records[won.indexOf(true)]);
  });
}

function signingKey(n: number): SigningKey {
  const kid = freshName();
  return {
    kid,
    createdAt: acceptedAt + n,
    publicJwk: { kid, kty: 'RSA', alg: 'RS256', use: 'sig', n: 'AQAB', e: 'AQAB' },
    privateKey: `-----BEGIN PRIVATE KEY-----\n${kid}\n-----END PRIVATE KEY-----\n`,
  };
}

function apiKey(id: string): ApiKeyRecord {
  return {
    id,
    tenant: 'demo',
    principal: 'shop',
    hash: 'f00d',
    scopes: ['messages:write', 'messages:read'],
    createdAt: acceptedAt,
  };
}
