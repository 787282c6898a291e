/** Which store adapter for which configuration. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Clock, PortError, type Random, type Store } from '@carillon/domain/ports';
import { StartFault, type StoreConfig } from '@carillon/platform';
import { systemCode } from './listen-fault.js';

export interface StoreParts {
  readonly clock: Clock;
  readonly random: Random;
}

/** Opens the store and has asked it once. @throws StartFault */
export async function openStore(config: StoreConfig, { clock, random }: StoreParts): Promise<Store> {
  switch (config.kind) {
    case 'mongo': {
      const { MongoStore } = await import('@carillon/store-mongo');
      const { url, database } = config;
      return asked(
        () => MongoStore.open({ url, database, clock, random }),
        () => unreachable,
      );
    }
    case 'sqlite': {
      const { SqliteStore, StoreFileUnusable } = await import('@carillon/store-sqlite');
      makeFolder(config.path);
      return asked(
        () => SqliteStore.open({ path: config.path, clock }),
        (error) => (error instanceof StoreFileUnusable ? error.message : unusable(config.path)),
      );
    }
    case 'memory': {
      const { MemoryStore } = await import('@carillon/store-memory');
      return MemoryStore.open({ clock });
    }
    default:
      return config satisfies never;
  }
}

const unreachable = 'MongoDB cannot be reached: start it as a replica set, or correct MONGO_URL.';

function unusable(path: string): string {
  const remedy = 'end the process that uses it, or set STORE_PATH to another file';
  return `${resolve(path)} does not answer as a store: ${remedy}.`;
}

async function asked(open: () => Promise<Store>, sentence: (error: PortError) => string): Promise<Store> {
  let store: Store | undefined;
  try {
    store = await open();
    await store.facts.now();
    return store;
  } catch (error) {
    await store?.close();
    if (error instanceof PortError) throw new StartFault(sentence(error), { cause: error });
    throw error;
  }
}

function makeFolder(path: string): void {
  const folder = resolve(dirname(path));
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const remedy = 'make it writable, or set CARILLON_DATA_DIR to another one';
    const sentence = `The folder ${folder} cannot be written (${systemCode(error)}): ${remedy}.`;
    throw new StartFault(sentence, { cause: error });
  }
}
