/** A new epoch in the store of the configuration, or a sentence that says why not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigInvalid, StartFault, SystemClock } from '@carillon/platform';
import { SqliteStore } from '@carillon/store-sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { beginEpoch } from './begin-epoch.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carillon-epoch-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('is another one each time, and the one that services read afterwards', async () => {
  const path = join(folder, 'carillon.sqlite');
  const env = { STORE_KIND: 'sqlite', STORE_PATH: path };
  const [first, second] = [await beginEpoch(env), await beginEpoch(env)];
  expect(second).not.toBe(first);
  const store = await SqliteStore.open({ path, clock: new SystemClock() });
  expect(await store.facts.epoch()).toBe(second);
  await store.close();
});

it('is refused with a sentence where the store or the configuration is not good', async () => {
  writeFileSync(join(folder, 'file'), '');
  const env = {
    STORE_KIND: 'sqlite',
    STORE_PATH: join(folder, 'file/x.sqlite'),
  };
  await expect(beginEpoch(env)).rejects.toBeInstanceOf(StartFault);
  await expect(beginEpoch({ STORE_KIND: 'floppy' })).rejects.toBeInstanceOf(ConfigInvalid);
});
