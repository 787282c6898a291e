/** A store without a disk: for tests, simulation and embedding. Must never be offered as durable. */
import { type Clock, PortUnavailable, type Store, StoreFacts } from '@carillon/domain/ports';
import { MemoryCursors } from './memory-cursors.js';
import { MemoryAccess, MemoryData } from './memory-data.js';
import { MemoryDevices } from './memory-devices.js';
import { MemoryKeyRing } from './memory-key-ring.js';
import { headOf, MemoryLog } from './memory-log.js';
import { MemoryLogKeeping } from './memory-log-keeping.js';
import { MemoryMarks } from './memory-marks.js';
import { MemoryMembers } from './memory-members.js';
import { MemoryReads } from './memory-reads.js';
import { MemoryReceipts } from './memory-receipts.js';
import { MemorySchedule } from './memory-schedule.js';

export interface MemoryStoreOptions {
  /** The store's own clock. */
  readonly clock: Clock;
  /** Data of an earlier or another store, as if found on its disk; fresh when absent. */
  readonly data?: MemoryData;
}

/** All roles over maps. Every call is atomic; what was confirmed lasts as long as the data is referenced. */
export class MemoryStore implements Store {
  readonly log: MemoryLog;
  readonly keeping: MemoryLogKeeping;
  readonly marks: MemoryMarks;
  readonly cursors: MemoryCursors;
  readonly devices: MemoryDevices;
  readonly receipts: MemoryReceipts;
  readonly reads: MemoryReads;
  readonly members: MemoryMembers;
  readonly schedule: MemorySchedule;
  readonly keyRing: MemoryKeyRing;
  readonly facts: StoreFacts;
  private readonly access: MemoryAccess;

  /** Opens a store; several may be open on the same data. */
  static async open({
    clock,
    data = new MemoryData(`memory-${clock.now()}`),
  }: MemoryStoreOptions): Promise<MemoryStore> {
    return new MemoryStore(clock, data);
  }

  private constructor(
    clock: Clock,
    /** For opening another store on it. */
    readonly data: MemoryData,
  ) {
    this.access = new MemoryAccess(data);
    this.log = new MemoryLog(this.access);
    this.keeping = new MemoryLogKeeping(this.access);
    this.marks = new MemoryMarks(this.access);
    this.cursors = new MemoryCursors(this.access);
    this.devices = new MemoryDevices(this.access);
    this.receipts = new MemoryReceipts(this.access);
    this.reads = new MemoryReads(this.access);
    this.members = new MemoryMembers(this.access);
    this.schedule = new MemorySchedule(this.access);
    this.keyRing = new MemoryKeyRing(this.access);
    this.facts = new MemoryFacts(this.access, clock);
  }

  async close(): Promise<void> {
    this.access.close();
  }
}

class MemoryFacts extends StoreFacts {
  constructor(
    private readonly access: MemoryAccess,
    private readonly clock: Clock,
  ) {
    super();
  }

  override async epoch(): Promise<string> {
    return this.access.data.epoch;
  }

  override async beginEpoch(): Promise<string> {
    const { data } = this.access;
    lowerCursors(data);
    data.epoch = `${data.epoch}+`;
    return data.epoch;
  }

  override async now(): Promise<number> {
    if (!this.access.isOpen) throw new PortUnavailable('the store is closed');
    return this.clock.now();
  }
}

/**
 * What a device or a member has of a log cannot lie above its head, or what comes next would be passed over.
 */
function lowerCursors(data: MemoryData): void {
  for (const positions of data.cursors.values()) {
    for (const [log, seq] of positions) positions.set(log, Math.min(seq, headOf(data, log)));
  }
  for (const topics of data.members.values()) {
    for (const [topic, membership] of topics) {
      topics.set(topic, { ...membership, head: Math.min(membership.head, headOf(data, topic)) });
    }
  }
}
