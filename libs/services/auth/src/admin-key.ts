/**
 * The admin key of the first start: configured, or made here and shown exactly once. Must never be logged;
 * where a file is named it is written before the key counts, so that a crash in between loses nothing.
 */
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomName } from '@carillon/domain/ports';
import { type AuthConfig, StartFault } from '@carillon/platform';
import {
  ApiKeyTaken,
  apiKeyId,
  apiKeyRule,
  ensureApiKey,
  type KeyMaking,
  needsPepper,
  newApiKey,
} from './api-key.js';

/** The tenant of the first start. */
export const defaultTenant = 'default';
/** The admin key that Auth makes has this id, so that of racing processes one wins. */
export const adminKeyId = 'admin';

const owner = { tenant: defaultTenant, principal: 'admin', scopes: ['admin'] } as const;

/** Where the admin key goes. `print` gets the key in clear, at most once in the life of a store. */
export interface AdminKeyPlace extends Pick<AuthConfig, 'adminKey' | 'adminKeyFile'> {
  print(key: string): void;
}

/**
 * Afterwards there is an admin key. Idempotent; processes that race agree on one key. A key that has been
 * made before is not shown again: configure another one when it is lost.
 * @throws StartFault with the remedy, PortUnavailable
 */
export async function ensureAdminKey(making: KeyMaking, place: AdminKeyPlace): Promise<void> {
  if (place.adminKey !== undefined) return ensureConfigured(making, place.adminKey);
  const known = await making.keyRing.apiKey(adminKeyId);
  if (known) {
    if (!needsPepper(known) || making.config.auth.pepper !== undefined) return;
    throw new StartFault('The API keys were stored with a pepper: set AUTH_PEPPER to the same one.');
  }
  const candidate = newApiKey(making.random, adminKeyId);
  return place.adminKeyFile === undefined
    ? ensurePrinted(making, candidate, place)
    : ensureInFile(making, candidate, place.adminKeyFile);
}

async function ensureConfigured(making: KeyMaking, key: string): Promise<void> {
  const id = apiKeyId(key);
  if (id === undefined) throw new StartFault(`AUTH_ADMIN_KEY is no API key. ${apiKeyRule}.`);
  try {
    await ensureApiKey(making, key, owner);
  } catch (error) {
    if (!(error instanceof ApiKeyTaken)) throw error;
    throw new StartFault(
      `AUTH_ADMIN_KEY has the id ${id} of another key, or AUTH_PEPPER has changed:` +
        ' choose another id, or set the old pepper.',
    );
  }
}

async function ensurePrinted(making: KeyMaking, candidate: string, place: AdminKeyPlace): Promise<void> {
  if (await isFirst(making, candidate)) place.print(candidate);
}

async function ensureInFile(making: KeyMaking, candidate: string, file: string): Promise<void> {
  const key = await keepInFile(making, candidate, file);
  if (apiKeyId(key) !== adminKeyId) {
    throw new StartFault(`${file} holds something else than the admin key of a first start: move it away.`);
  }
  const isOurs = key === candidate;
  // Another process with a file of its own was faster: a key that does not count must not lie around.
  if (!(await isFirst(making, key)) && isOurs) await rm(file, { force: true });
}

/** False when the admin key that counts is another one. */
async function isFirst(making: KeyMaking, key: string): Promise<boolean> {
  try {
    await ensureApiKey(making, key, owner);
    return true;
  } catch (error) {
    if (error instanceof ApiKeyTaken) return false;
    throw error;
  }
}

/**
 * The key in the file: the candidate, or what was there before.
 * Readable by the owner alone, whole or not there.
 */
async function keepInFile({ random }: KeyMaking, candidate: string, file: string): Promise<string> {
  try {
    await mkdir(dirname(file), { recursive: true });
    const draft = `${file}.${randomName(random, 8)}`;
    await writeFile(draft, `${candidate}\n`, { mode: 0o600, flag: 'wx' });
    return (await isLinked(draft, file)) ? candidate : (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const sentence = `The admin key cannot be kept in ${file}: name another AUTH_ADMIN_KEY_PATH.`;
    throw new StartFault(sentence, { cause: error });
  }
}

/** Gives the draft its name unless something has it: never overwrites, and nobody ever sees half a file. */
async function isLinked(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(draft, { force: true });
  }
}
