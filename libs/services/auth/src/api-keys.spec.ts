/**
 * API keys: their form, their hashes, how seldom the store is asked and how soon a revoked one is refused.
 */
import type { ApiKeyRecord } from '@carillon/domain';
import { KeyRing, PortUnavailable } from '@carillon/domain/ports';
import { type AuthConfig, readConfig } from '@carillon/platform';
import { MemoryData, MemoryStore } from '@carillon/store-memory';
import { FakeClock, SeededRandom } from '@carillon/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { ApiKeyTaken, createApiKey, ensureApiKey, type KeyMaking, newApiKey } from './api-key.js';
import { ApiKeys, KeyLookupsBusy, keyCacheMs, keyFreshMs, keyLookupsMax } from './api-keys.js';

const owner = { tenant: 'default', principal: 'shop', scopes: ['messages:write'] } as const;

let clock: FakeClock;
let data: MemoryData;
let store: MemoryStore;
let auth: AuthConfig;
let making: KeyMaking;
let reads: number;
let isAway: boolean;
let keys: ApiKeys;

beforeEach(async () => {
  clock = new FakeClock();
  data = new MemoryData('epoch');
  store = await MemoryStore.open({ clock, data });
  const config = readConfig(['auth'], { STORE_KIND: 'memory', BUS_KIND: 'memory' });
  auth = config.auth;
  making = { keyRing: store.keyRing, clock, random: new SeededRandom(3), config };
  reads = 0;
  isAway = false;
  keys = new ApiKeys(counted(store.keyRing), clock, auth);
});

describe('making a key', () => {
  it('gives 256 bits and an id, and stores neither key nor secret', async () => {
    const key = await createApiKey(making, owner);
    expect(key).toMatch(/^ck_[0-9A-Z]{12}_[0-9A-Z]{52}$/);
    const [record] = [...data.apiKeys.values()];
    expect(record).toMatchObject({ ...owner, id: key.split('_')[1], createdAt: clock.now() });
    expect(record).not.toHaveProperty('expiresAt');
    expect(JSON.stringify(record)).not.toContain(key.split('_')[2]);
  });

  it('hashes equal keys differently without a pepper', async () => {
    const key = newApiKey(making.random, 'a');
    await ensureApiKey(making, key, owner);
    const first = data.apiKeys.get('a')?.hash;
    data.apiKeys.clear();
    await ensureApiKey(making, key, owner);
    expect(data.apiKeys.get('a')?.hash).not.toBe(first);
  });

  it('refuses an id that is taken, and takes the very same key again', async () => {
    const key = await createApiKey(making, { ...owner, id: 'demo' });
    await expect(createApiKey(making, { ...owner, id: 'demo' })).rejects.toThrow(ApiKeyTaken);
    expect(await ensureApiKey(making, key, owner)).toBe('present');
    expect((await keys.check(key))?.record.id).toBe('demo');
  });

  it('refuses what is no key', async () => {
    for (const key of [
      '',
      'ck_a_short',
      `ck_a b_${'x'.repeat(43)}`,
      `sk_a_${'x'.repeat(43)}`,
      `ck__${'x'.repeat(43)}`,
    ]) {
      await expect(ensureApiKey(making, key, owner)).rejects.toThrow(RangeError);
    }
    expect(data.apiKeys.size).toBe(0);
  });
});

describe('checking a key', () => {
  it('finds its owner, and nobody for a wrong secret, an unknown id or another form', async () => {
    const key = await createApiKey(making, { ...owner, id: 'shop' });
    expect((await keys.check(key))?.record).toMatchObject(owner);
    const last = key.endsWith('0') ? '1' : '0';
    for (const wrong of [
      key.slice(0, -1) + last,
      newApiKey(making.random, 'shop'),
      newApiKey(making.random),
      `${key} `,
      '',
      'shop',
    ]) {
      expect(await keys.check(wrong)).toBeUndefined();
    }
  });

  it('asks the store once however many ask at once', async () => {
    const key = await createApiKey(making, owner);
    const found = await Promise.all(Array.from({ length: 50 }, () => keys.check(key)));
    expect(found.every((holder) => holder !== undefined)).toBe(true);
    expect(reads).toBe(1);
    await clock.advance(keyFreshMs - 1);
    await keys.check(key);
    expect(reads).toBe(1);
    await clock.advance(1);
    await keys.check(key);
    expect(reads).toBe(2);
  });

  it('lets an answer be kept until 5 s after its reading', async () => {
    const key = await createApiKey(making, owner);
    const readAt = clock.now();
    expect((await keys.check(key))?.cacheUntil).toBe(readAt + keyCacheMs);
    await clock.advance(2_000);
    expect((await keys.check(key))?.cacheUntil).toBe(readAt + keyCacheMs);
    await clock.advance(500);
    expect((await keys.check(key))?.cacheUntil).toBe(clock.now() + keyCacheMs);
  });

  it('means that a revoked key is refused everywhere after 5 s at most', async () => {
    const key = await createApiKey(making, owner);
    await keys.check(key);
    data.apiKeys.clear();
    const revokedAt = clock.now();
    await clock.advance(keyFreshMs - 1);
    expect((await keys.check(key))?.cacheUntil).toBeLessThanOrEqual(revokedAt + keyCacheMs);
    await clock.advance(1);
    expect(await keys.check(key)).toBeUndefined();
  });

  it('refuses an expired key at once and lets no answer outlive it', async () => {
    const expiresAt = clock.now() + 1_000;
    const key = await createApiKey(making, { ...owner, expiresAt });
    expect((await keys.check(key))?.cacheUntil).toBe(expiresAt);
    await clock.advance(1_000);
    expect(await keys.check(key)).toBeUndefined();
  });

  it('neither accepts nor refuses while the store is away, and asks again when it is back', async () => {
    const key = await createApiKey(making, owner);
    isAway = true;
    await expect(keys.check(key)).rejects.toThrow(PortUnavailable);
    isAway = false;
    expect(await keys.check(key)).toBeDefined();
  });

  it('has a limit on look-ups under way, and none on what it knows', async () => {
    const known = await createApiKey(making, owner);
    await keys.check(known);
    const flood = Array.from({ length: keyLookupsMax }, () => keys.check(newApiKey(making.random)));
    await expect(keys.check(newApiKey(making.random))).rejects.toThrow(KeyLookupsBusy);
    expect(await keys.check(known)).toBeDefined();
    expect((await Promise.all(flood)).every((holder) => holder === undefined)).toBe(true);
    expect(await keys.check(newApiKey(making.random))).toBeUndefined();
  });
});

/** The same key ring; counts what is read, and can be away. */
function counted(keyRing: KeyRing): KeyRing {
  return Object.assign(Object.create(keyRing) as KeyRing, {
    apiKey: async (id: string): Promise<ApiKeyRecord | undefined> => {
      reads += 1;
      if (isAway) throw new PortUnavailable('away');
      return keyRing.apiKey(id);
    },
  });
}
