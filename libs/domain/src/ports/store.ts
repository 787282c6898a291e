/** What a store adapter gives: all roles over one durable system, and facts about it. */
import type { Cursors } from './cursors.js';
import type { Devices } from './devices.js';
import type { KeyRing } from './key-ring.js';
import type { LogKeeping } from './log-keeping.js';
import type { Marks } from './marks.js';
import type { Members } from './members.js';
import type { MessageLog } from './message-log.js';
import type { Reads } from './reads.js';
import type { Receipts } from './receipts.js';
import type { Schedule } from './schedule.js';

export abstract class StoreFacts {
  /**
   * Changes only when the store was restored from a backup: cursors of another epoch mean nothing. Made at
   * first start. @throws PortUnavailable
   */
  abstract epoch(): Promise<string>;
  /**
   * Begins a new epoch, durable before it resolves: no cursor that a client holds from before counts any
   * more, and stored cursors and memberships above the head of their log are lowered to it first. Only while
   * no service runs. @returns the new epoch. @throws PortUnavailable
   */
  abstract beginEpoch(): Promise<string>;
  /**
   * The store's own clock, epoch milliseconds. Also tells whether it can be reached. @throws PortUnavailable
   */
  abstract now(): Promise<number>;
}

export interface Store {
  readonly log: MessageLog;
  readonly keeping: LogKeeping;
  readonly marks: Marks;
  readonly cursors: Cursors;
  readonly devices: Devices;
  readonly receipts: Receipts;
  readonly reads: Reads;
  readonly members: Members;
  readonly schedule: Schedule;
  readonly keyRing: KeyRing;
  readonly facts: StoreFacts;
  /** Lets running calls end, then lets go. Idempotent. */
  close(): Promise<void>;
}
