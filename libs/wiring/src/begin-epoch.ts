/**
 * The step after a restore: what clients remember of the lost days must not be taken for what the restored
 * store now has in those places. Must never run while a service does.
 */
import {
  type Environment,
  processEnvironment,
  readConfig,
  SystemClock,
  SystemRandom,
} from '@carillon/platform';
import { explain } from './explain.js';
import { openStore } from './open-store.js';

/** Begins a new epoch in the configured store, durably. @returns it. @throws ConfigInvalid, StartFault */
export async function beginEpoch(env: Environment): Promise<string> {
  // Only the store is opened, so an operator need not name the rest.
  const { store: where } = readConfig(['collect'], { ...env, BUS_KIND: 'memory' });
  const store = await openStore(where, { clock: new SystemClock(), random: new SystemRandom() });
  try {
    return await store.facts.beginEpoch();
  } finally {
    await store.close();
  }
}

/** The same as a process: says the new epoch, or what is to be done, and ends with 0 or 1. */
export async function runBeginEpoch(): Promise<void> {
  try {
    const epoch = await beginEpoch(processEnvironment());
    process.stdout.write(`A new epoch has begun: ${epoch}. Start the services now.\n`);
  } catch (error) {
    explain(error);
    process.exitCode = 1;
  }
}
