// The command after a restore: begins an epoch in the very store that a running process then uses.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root, run } from '../house/command.ts';
import { buildApps, buildTimeoutMs } from '../setup/built.ts';

const main = ['--enable-source-maps', join(root, 'apps/collect/dist/begin-epoch.js')];
let folder: string;

beforeAll(async () => {
  await buildApps();
  folder = mkdtempSync(join(tmpdir(), 'carillon-epoch-'));
}, buildTimeoutMs);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('says the new epoch, another one each time, and ends with 0', async () => {
  const env = { STORE_KIND: 'sqlite', CARILLON_DATA_DIR: folder, MONGO_URL: '', NATS_URL: '' };
  const [first, second] = [await run(main, { env }), await run(main, { env })];
  for (const { code, output } of [first, second]) {
    expect(code, output).toBe(0);
    expect(output).toMatch(/^A new epoch has begun: \S+\. Start the services now\.\n$/);
  }
  expect(first.output).not.toBe(second.output);
});

it('says in a sentence what it lacks, and ends with 1', async () => {
  const { code, output } = await run(main, { env: { MONGO_URL: '', STORE_KIND: '' } });
  expect([code, output]).toEqual([1, expect.stringContaining('MONGO_URL')]);
  const away = await run(main, { env: { MONGO_URL: 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=300' } });
  expect([away.code, away.output]).toEqual([1, expect.stringContaining('MongoDB cannot be reached')]);
});
