/**
 * A store in one SQLite file: all roles over one connection.
 * Must never be confirmed before it is on the disk.
 */
import type { Clock, Store } from '@carillon/domain/ports';
import { SqliteCursors } from './cursors.js';
import { Database } from './database.js';
import { SqliteDevices } from './devices.js';
import { SqliteKeyRing } from './key-ring.js';
import { SqliteLogKeeping } from './log-keeping.js';
import { SqliteMarks } from './marks.js';
import { SqliteMembers } from './members.js';
import { SqliteMessageLog } from './message-log.js';
import { SqliteReads } from './reads.js';
import { SqliteReceipts } from './receipts.js';
import { SqliteSchedule } from './schedule.js';
import { SqliteStoreFacts } from './store-facts.js';

export interface SqliteStoreOptions {
  /** The database file; folders above it are made. SQLite keeps `-wal` and `-shm` files beside it. */
  readonly path: string;
  readonly clock: Clock;
}

export class SqliteStore implements Store {
  readonly log: SqliteMessageLog;
  readonly keeping: SqliteLogKeeping;
  readonly marks: SqliteMarks;
  readonly cursors: SqliteCursors;
  readonly devices: SqliteDevices;
  readonly receipts: SqliteReceipts;
  readonly reads: SqliteReads;
  readonly members: SqliteMembers;
  readonly schedule: SqliteSchedule;
  readonly keyRing: SqliteKeyRing;
  readonly facts: SqliteStoreFacts;
  readonly #database: Database;

  /**
   * Opens the file, creates it where absent, and brings its tables to this version. What was confirmed
   * survives a killed process and a power cut (WAL, synchronous = FULL). Several processes may use one file:
   * they write in turn and logs stay dense;
   * who waits longer than 2 s for its turn has an unconfirmed append or PortUnavailable.
   * @throws StoreFileUnusable
   */
  static async open({ path, clock }: SqliteStoreOptions): Promise<Store> {
    return new SqliteStore(await Database.open(path), clock);
  }

  private constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.log = new SqliteMessageLog(database);
    this.keeping = new SqliteLogKeeping(database);
    this.marks = new SqliteMarks(database);
    this.cursors = new SqliteCursors(database);
    this.devices = new SqliteDevices(database);
    this.receipts = new SqliteReceipts(database, clock);
    this.reads = new SqliteReads(database, clock);
    this.members = new SqliteMembers(database);
    this.schedule = new SqliteSchedule(database);
    this.keyRing = new SqliteKeyRing(database);
    this.facts = new SqliteStoreFacts(database, clock);
  }

  /** Every call runs to its end before the next, so none is left running here. */
  async close(): Promise<void> {
    this.#database.close();
  }
}
