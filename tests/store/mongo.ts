// What the specs and processes of this folder have in common: how they open the store, and what they put in.
import { type Draft, type LogKey, userKey, userLog } from '@carillon/domain';
import type { Store } from '@carillon/domain/ports';
import { MongoStore, type MongoStoreOptions } from '@carillon/store-mongo';
import { MachineClock, MachineRandom } from '@carillon/testkit';

/** A store on the machine's own time and chance. */
export function openStore(options: Omit<MongoStoreOptions, 'clock' | 'random'>): Promise<Store> {
  return MongoStore.open({ ...options, clock: new MachineClock(), random: new MachineRandom() });
}

/** The inbox of the user with this name. */
export function logOf(name: string): LogKey {
  return userLog(userKey('t', name));
}

/** Long expired, with the least that an entry has. */
export function draft(id: string, log: LogKey): Draft {
  return { id, log, acceptedAt: 1, expiresAt: 2, event: 'e', data: '1' };
}
