/** The first start: what it leaves in the store and in whose hands, once and in a race. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig, StartFault } from '@carillon/platform';
import { MemoryData, MemoryStore } from '@carillon/store-memory';
import { FakeClock, SeededRandom } from '@carillon/testkit';
import { generateSigningKey, openSigningKey } from '@carillon/tokens';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adminKeyId } from './admin-key.js';
import { isKeyOf, newApiKey } from './api-key.js';
import { firstStart } from './first-start.js';

const pepper = 'a pepper of a test, of at least 32 characters';
const keySecret = 'a secret of a test, of at least 32 characters';
const processes = 8;

let clock: FakeClock;
let data: MemoryData;
let folder: string;
let printed: string[];

beforeEach(async () => {
  clock = new FakeClock();
  data = new MemoryData('epoch');
  folder = await mkdtemp(join(tmpdir(), 'carillon-auth-'));
  printed = [];
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('the first start', () => {
  it('makes the tenant, a signing key and an admin key', async () => {
    const { keyRing } = await start({ AUTH_ORIGINS: 'https://shop.example' });
    expect(await keyRing.tenants()).toEqual([{ id: 'default', origins: ['https://shop.example'] }]);
    const [signingKey] = await keyRing.signingKeys();
    expect(signingKey?.publicJwk.alg).toBe('RS256');
    expect(signingKey?.createdAt).toBe(clock.now());
    const record = await keyRing.apiKey(adminKeyId);
    expect(record).toMatchObject({ tenant: 'default', principal: 'admin', scopes: ['admin'] });
    expect(printed).toHaveLength(1);
    expect(printed[0]).toMatch(/^ck_admin_[0-9A-Z]{52}$/);
    expect(await counts(printed[0])).toBe(true);
    expect(JSON.stringify(record)).not.toContain(printed[0]?.slice(9));
  });

  it('changes and shows nothing the second time', async () => {
    const { keyRing } = await start();
    const before = [await keyRing.tenants(), await keyRing.signingKeys(), await keyRing.apiKey(adminKeyId)];
    await start({ AUTH_ORIGINS: 'https://other.example' }, 2);
    expect([await keyRing.tenants(), await keyRing.signingKeys(), await keyRing.apiKey(adminKeyId)]).toEqual(
      before,
    );
    expect(printed).toHaveLength(1);
  });

  it('ends in one tenant, one signing key and one printed key when processes race', async () => {
    const stores = await race(() => ({}));
    expect(printed).toHaveLength(1);
    expect(await counts(printed[0])).toBe(true);
    const kids = await Promise.all(
      stores.map(async ({ keyRing }) => (await keyRing.signingKeys()).map(({ kid }) => kid)),
    );
    expect(new Set(kids.flat()).size).toBe(1);
    expect(data.tenants.size).toBe(1);
    expect(data.apiKeys.size).toBe(1);
  });

  it('prints one admin key when the race is for nothing else', async () => {
    data.signingKeys.push(await generateSigningKey({ createdAt: 0 }));
    await race(() => ({}));
    expect(printed).toHaveLength(1);
    expect(await counts(printed[0])).toBe(true);
  });

  it('leaves no private key in clear when a secret is given, and says so when it is another', async () => {
    const { keyRing } = await start({ AUTH_KEY_SECRET: keySecret });
    const [key] = await keyRing.signingKeys();
    expect(key?.privateKey).toContain('ENCRYPTED');
    expect(key && openSigningKey(key, keySecret).kid).toBe(key?.kid);
    await expect(start({ AUTH_KEY_SECRET: `${keySecret}!` })).rejects.toThrow(/AUTH_KEY_SECRET/);
    await expect(start()).rejects.toBeInstanceOf(StartFault);
  });
});

describe('an admin key in a file', () => {
  it('is written for the owner alone, counts, and stays at the next start', async () => {
    const file = join(folder, 'new', 'admin-key');
    await start({ AUTH_ADMIN_KEY_PATH: file });
    const text = await readFile(file, 'utf8');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await counts(text.trim())).toBe(true);
    await start({ AUTH_ADMIN_KEY_PATH: file }, 2);
    expect(await readFile(file, 'utf8')).toBe(text);
    expect(await readdir(join(folder, 'new'))).toEqual(['admin-key']);
    expect(printed).toEqual([]);
  });

  it('is the one that counts when processes with one file race', async () => {
    const file = join(folder, 'admin-key');
    await race(() => ({ AUTH_ADMIN_KEY_PATH: file }));
    expect(await counts((await readFile(file, 'utf8')).trim())).toBe(true);
    expect(await readdir(folder)).toEqual(['admin-key']);
  });

  it('is in one file alone when processes with a file each race', async () => {
    await race((index) => ({ AUTH_ADMIN_KEY_PATH: join(folder, `admin-key-${index}`) }));
    const files = await readdir(folder);
    expect(files).toHaveLength(1);
    expect(await counts((await readFile(join(folder, files[0] ?? ''), 'utf8')).trim())).toBe(true);
  });

  it('counts after a crash that came before it was stored', async () => {
    const file = join(folder, 'admin-key');
    const key = newApiKey(new SeededRandom(99), adminKeyId);
    await writeFile(file, `${key}\n`);
    await start({ AUTH_ADMIN_KEY_PATH: file });
    expect(await counts(key)).toBe(true);
  });

  it('never overwrites what is something else', async () => {
    const file = join(folder, 'notes');
    await writeFile(file, 'my notes');
    await expect(start({ AUTH_ADMIN_KEY_PATH: file })).rejects.toThrow(/move it away/);
    expect(await readFile(file, 'utf8')).toBe('my notes');
    expect(data.apiKeys.size).toBe(0);
  });

  it('that cannot be written stops the start and names the setting', async () => {
    const file = join(folder, 'a-file', 'admin-key');
    await writeFile(join(folder, 'a-file'), '');
    await expect(start({ AUTH_ADMIN_KEY_PATH: file })).rejects.toThrow(/AUTH_ADMIN_KEY_PATH/);
    expect(data.apiKeys.size).toBe(0);
  });
});

describe('a configured admin key', () => {
  const key = newApiKey(new SeededRandom(7), 'ops');

  it('counts, in every process, and is not shown', async () => {
    await race(() => ({ AUTH_ADMIN_KEY: key }));
    expect(await counts(key)).toBe(true);
    expect(printed).toEqual([]);
    expect([...data.apiKeys.keys()]).toEqual(['ops']);
  });

  it('helps where the first one was lost', async () => {
    await start();
    await start({ AUTH_ADMIN_KEY: key });
    expect(await counts(key)).toBe(true);
    expect(await counts(printed[0])).toBe(true);
  });

  it('of the wrong form, or with the id of another key, stops the start', async () => {
    await expect(start({ AUTH_ADMIN_KEY: 'x'.repeat(43) })).rejects.toThrow(StartFault);
    await start({ AUTH_ADMIN_KEY: key });
    await expect(start({ AUTH_ADMIN_KEY: newApiKey(new SeededRandom(8), 'ops') })).rejects.toThrow(/ops/);
    expect(await counts(key)).toBe(true);
  });
});

describe('the pepper', () => {
  it('must not go away again', async () => {
    await start({ AUTH_PEPPER: pepper });
    expect(await counts(printed[0], pepper)).toBe(true);
    expect(await counts(printed[0], `${pepper}!`)).toBe(false);
    await expect(start()).rejects.toThrow(/AUTH_PEPPER/);
    await start({ AUTH_PEPPER: pepper });
  });

  it('may come later: keys made without one still count', async () => {
    await start();
    await start({ AUTH_PEPPER: pepper });
    expect(await counts(printed[0], pepper)).toBe(true);
  });
});

async function start(env: Record<string, string> = {}, seed = 1): Promise<MemoryStore> {
  const store = await MemoryStore.open({ clock, data });
  const config = readConfig(['auth'], { STORE_KIND: 'memory', BUS_KIND: 'memory', ...env });
  const random = new SeededRandom(seed);
  await firstStart({ keyRing: store.keyRing, clock, random, config, print: (key) => printed.push(key) });
  return store;
}

function race(env: (index: number) => Record<string, string>): Promise<MemoryStore[]> {
  return Promise.all(Array.from({ length: processes }, (_, index) => start(env(index), index + 1)));
}

/** Whether this is a key that the store knows. */
async function counts(key = '', withPepper?: string): Promise<boolean> {
  const record = data.apiKeys.get(/^ck_([^_]+)_/.exec(key)?.[1] ?? '');
  return record !== undefined && isKeyOf(record, key, { pepper: withPepper, now: clock.now() });
}
