/** What a store adapter gives: all roles over one durable system, and facts about it. */
import type { Cursors } from './cursors.js';
import type { Devices } from './devices.js';
import type { KeyRing } from './key-ring.js';
import type { LogKeeping, MessageLog } from './message-log.js';
import type { Receipts } from './receipts.js';

export abstract class StoreFacts {
  /**
   * Changes only when the store was restored from a backup: cursors of another epoch mean nothing. Made at
   * first start. @throws PortUnavailable
   */
  abstract epoch(): Promise<string>;
  /**
   * The store's own clock, epoch milliseconds. Also tells whether it can be reached. @throws PortUnavailable
   */
  abstract now(): Promise<number>;
}

export interface Store {
  readonly log: MessageLog;
  readonly keeping: LogKeeping;
  readonly cursors: Cursors;
  readonly devices: Devices;
  readonly receipts: Receipts;
  readonly keyRing: KeyRing;
  readonly facts: StoreFacts;
  /** Lets running calls end, then lets go. Idempotent. */
  close(): Promise<void>;
}
