/**
 * The whole contract of a store: the sum of its roles.
 * An adapter that passes it may stand behind every service.
 */
import { describe } from 'vitest';
import type { Store } from '../ports/store.js';
import { cursorsContract } from './cursors.js';
import { devicesContract } from './devices.js';
import { expiryContract } from './expiry.js';
import { keyRingContract } from './key-ring.js';
import { logKeepingContract } from './log-keeping.js';
import { marksContract } from './marks.js';
import { membersContract } from './members.js';
import { messageLogContract } from './message-log.js';
import { appendRacesContract } from './message-log-races.js';
import { readsContract } from './reads.js';
import { receiptsContract } from './receipts.js';
import { scheduleContract } from './schedule.js';
import { run } from './specimens.js';
import { storeFactsContract } from './store-facts.js';
import { type StoreContractOptions, storeSubject } from './store-subject.js';

/**
 * Registers the suite of all roles. `open` gives the store under test, empty or not; it is opened once and
 * closed after the last test. Nothing else need be set up, and no other data is touched or assumed.
 */
export function storeContract(
  name: string,
  open: () => Promise<Store>,
  options: StoreContractOptions = {},
): void {
  describe(`${name} keeps the contract of a store (run ${run})`, {
    timeout: options.timeoutMs ?? 20_000,
  }, () => {
    const subject = storeSubject(open, options);
    messageLogContract(subject);
    appendRacesContract(subject);
    logKeepingContract(subject);
    expiryContract(subject);
    marksContract(subject);
    cursorsContract(subject);
    devicesContract(subject);
    receiptsContract(subject);
    readsContract(subject);
    membersContract(subject);
    scheduleContract(subject);
    keyRingContract(subject);
    storeFactsContract(subject);
  });
}
