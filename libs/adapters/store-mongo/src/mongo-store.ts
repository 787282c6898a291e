/**
 * The store over MongoDB. One connection with one set of rules for every command: writes wait for a durable
 * majority, reads go to the primary and see what a majority has. Must never let a driver's type or error out.
 */

import { parameters } from '@carillon/domain';
import type { Clock, Random, Store } from '@carillon/domain/ports';
import { type Connection, createConnection } from 'mongoose';
import { Appender } from './append.js';
import { MongoCursors } from './cursors.js';
import { MongoDevices } from './devices.js';
import { portError } from './driver-errors.js';
import { MongoFacts } from './facts.js';
import { Guard } from './guard.js';
import { MongoKeyRing } from './key-ring.js';
import { MongoLogKeeping } from './log-keeping.js';
import { MongoMarks } from './marks.js';
import { MongoMembers } from './members.js';
import { MongoLog } from './message-log.js';
import { MongoCalls } from './mongo-calls.js';
import { MongoReads } from './reads.js';
import { MongoReceipts } from './receipts.js';
import { MongoSchedule } from './schedule.js';
import { type Collections, declareCollections } from './schemas.js';

export interface MongoStoreOptions {
  /** `mongodb://…` naming the members of the replica set. */
  readonly url: string;
  readonly database: string;
  readonly clock: Clock;
  readonly random: Random;
  /** When `append` answers at the latest. */
  readonly appendDeadlineMs?: number;
  /** When every other call answers at the latest; longer than the write concern's own time-out. */
  readonly callDeadlineMs?: number;
  /** Sees every command as it is sent, for tests and tracing. Costs CPU only when given. */
  readonly onCommand?: (name: string, command: Readonly<Record<string, unknown>>) => void;
}

const callDeadlineMs = 6_000;
const connectionsMax = 50;
/**
 * How soon a member that stands still is noticed: one heartbeat and one time-out.
 * Within the append's deadline.
 */
const heartbeatMs = 1_000;
const connectMs = 2_000;

export class MongoStore implements Store {
  readonly log: MongoLog;
  readonly keeping: MongoLogKeeping;
  readonly marks: MongoMarks;
  readonly cursors: MongoCursors;
  readonly devices: MongoDevices;
  readonly receipts: MongoReceipts;
  readonly reads: MongoReads;
  readonly members: MongoMembers;
  readonly schedule: MongoSchedule;
  readonly keyRing: MongoKeyRing;
  readonly facts: MongoFacts;
  readonly #connection: Connection;
  readonly #guard: Guard;
  #closing: Promise<void> | undefined;

  private constructor(connection: Connection, collections: Collections, options: MongoStoreOptions) {
    const { clock, random } = options;
    const { db } = connection;
    if (!db) throw new RangeError('a store needs a connection that is open');
    const guard = new Guard(db, clock, options.callDeadlineMs ?? callDeadlineMs);
    const appender = new Appender({
      calls: new MongoCalls(collections.entries, guard),
      clock,
      random,
      deadlineMs: options.appendDeadlineMs ?? parameters.appendDeadlineMs,
      baseCacheMs: parameters.baseCacheMs,
    });
    this.#connection = connection;
    this.#guard = guard;
    this.log = new MongoLog(collections.entries, appender, guard);
    this.keeping = new MongoLogKeeping(collections.entries, guard);
    this.marks = new MongoMarks(collections.entries, guard);
    this.cursors = new MongoCursors(collections.cursors, guard);
    this.devices = new MongoDevices(collections.devices, collections.cursors, guard);
    this.receipts = new MongoReceipts({ ...collections, guard, clock });
    this.reads = new MongoReads(collections.reads, guard);
    this.members = new MongoMembers(collections.members, guard);
    this.schedule = new MongoSchedule(collections.scheduled, guard);
    this.keyRing = new MongoKeyRing(collections, guard);
    this.facts = new MongoFacts({ connection, collections, guard, random });
  }

  /**
   * Connected and with its indexes in place when it resolves. @throws PortUnavailable when no primary is
   * found in 3 s
   */
  static async open(options: MongoStoreOptions): Promise<Store> {
    const connection = connect(options);
    try {
      await connection.asPromise();
      return new MongoStore(connection, await declareCollections(connection), options);
    } catch (error) {
      await connection.destroy();
      throw portError(error);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    await this.log.close();
    await this.#guard.close();
    await this.#connection.close();
  }
}

function connect({ url, database, onCommand }: MongoStoreOptions): Connection {
  const connection = createConnection(url, {
    dbName: database,
    appName: 'carillon',
    bufferCommands: false,
    autoIndex: false,
    autoCreate: false,
    writeConcern: { w: 'majority', journal: true, wtimeoutMS: parameters.writeTimeoutMs },
    readConcern: { level: 'majority' },
    readPreference: 'primary',
    // After a failover the driver sends a command once more under its old number, and the server does not do
    // it twice: safe for runs (a row is only tried after its predecessor)
    // and for `$push`, and it leaves fewer outcomes unknown.
    retryWrites: true,
    retryReads: true,
    ignoreUndefined: true,
    maxPoolSize: connectionsMax,
    waitQueueTimeoutMS: parameters.serverSelectionMs,
    serverSelectionTimeoutMS: parameters.serverSelectionMs,
    heartbeatFrequencyMS: heartbeatMs,
    connectTimeoutMS: connectMs,
    monitorCommands: onCommand !== undefined,
  });
  // Failures reach whoever made the call; an event without a listener would end the process instead.
  connection.on('error', () => {});
  if (onCommand) {
    connection.getClient().on('commandStarted', (sent) => onCommand(sent.commandName, sent.command));
  }
  return connection;
}
