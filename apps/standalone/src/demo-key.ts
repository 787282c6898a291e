/**
 * The API key of the demo page: may send messages, read them, and make tokens; nothing else.
 * Kept in a file (0600).
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ApiKeyTaken, createApiKey, defaultTenant, ensureApiKey } from '@carillon/auth';
import { type ServiceContext, StartFault } from '@carillon/platform';

const owner = {
  tenant: defaultTenant,
  principal: 'demo',
  scopes: ['messages:write', 'messages:read', 'tokens:write'],
} as const;

/** The key in the data folder as long as the store knows it, else a new one. @throws StartFault */
export async function demoKey(context: ServiceContext): Promise<string> {
  const { config, clock, random } = context;
  const making = { keyRing: context.store.keyRing, clock, random, config };
  const file = join(config.dataDir, 'demo-key');
  const kept = await read(file);
  try {
    if (kept !== undefined) {
      await ensureApiKey(making, kept, owner);
      return kept;
    }
  } catch (error) {
    // Another store, another pepper, or no key at all: the page gets a new one.
    if (!(error instanceof ApiKeyTaken || error instanceof RangeError)) throw error;
  }
  const key = await createApiKey(making, owner);
  await keep(file, key);
  return key;
}

async function read(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    // Absent at the first start; unreadable is told when it cannot be written either.
    return undefined;
  }
}

async function keep(file: string, key: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${key}\n`, { mode: 0o600 });
  } catch (error) {
    throw new StartFault(`${file} cannot be written: make its folder writable, or set CARILLON_DATA_DIR.`, {
      cause: error,
    });
  }
}
