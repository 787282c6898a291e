/**
 * Writes and look-ups as plain commands, for what is done a thousand times a second: the driver's bulk and
 * cursor classes make several objects for each row and take two to three times the CPU (docs/adr/0011). Every
 * command says its own concerns: a plain one inherits none from the connection.
 */
import { parameters } from '@carillon/domain';
import { mongo } from 'mongoose';
import type { Guard } from './guard.js';
import type { RefusedRow, WriteReport } from './write-report.js';

/** One update of a command; an operator document or the row that replaces what is there. */
export interface Update<R> {
  readonly q: mongo.Filter<R>;
  readonly u: mongo.UpdateFilter<R> | mongo.WithoutId<R>;
}

const writeConcern = { w: 'majority', j: true, wtimeout: parameters.writeTimeoutMs };
const readConcern = { level: 'majority' };
const plain = { ignoreUndefined: true, readPreference: 'primary' } as const;

/**
 * ONE insert command. @throws PortUnavailable when its outcome is unknown: it may even be carried out later
 */
export function insertOnce<R extends mongo.Document>(
  guard: Guard,
  collection: mongo.Collection<R>,
  { rows, isOrdered }: { readonly rows: readonly R[]; readonly isOrdered: boolean },
): Promise<WriteReport> {
  return guard.call(() => written(guard.db, insertOf(collection, rows, isOrdered)));
}

/**
 * An unordered insert that is sent again when nothing is known of it: rows that were there, or are by the
 * first one, are refused as duplicates. @throws PortUnavailable
 */
export function insertRows<R extends mongo.Document>(
  guard: Guard,
  collection: mongo.Collection<R>,
  rows: readonly R[],
): Promise<WriteReport> {
  return guard.call(() => twice(() => written(guard.db, insertOf(collection, rows, false))));
}

/** Upserts, unordered, which may be done twice. @throws PortUnavailable */
export function upsertRows<R extends mongo.Document>(
  guard: Guard,
  collection: mongo.Collection<R>,
  updates: readonly Update<R>[],
): Promise<WriteReport> {
  const upserts = updates.map(({ q, u }) => ({ q, u, upsert: true }));
  const command = { update: collection.collectionName, updates: upserts, ordered: false, writeConcern };
  return guard.call(() => twice(() => written(guard.db, command)));
}

function insertOf<R extends mongo.Document>(
  { collectionName: insert }: mongo.Collection<R>,
  documents: readonly R[],
  ordered: boolean,
): mongo.Document {
  return { insert, documents, ordered, writeConcern };
}

export interface Find<R> {
  readonly filter: mongo.Filter<R>;
  /** It must be sure that so many fit into one answer of 16 MB. */
  readonly rowsMax: number;
}

/** At most so many rows, as a majority has them, in no order. @throws PortUnavailable */
export async function findRows<R extends mongo.Document>(
  guard: Guard,
  collection: mongo.Collection<R>,
  { filter, rowsMax }: Find<R>,
): Promise<readonly R[]> {
  const bounds = { limit: rowsMax, batchSize: rowsMax, singleBatch: true };
  return firstBatch<R>(guard, { find: collection.collectionName, filter, ...bounds });
}

/** The same for an aggregate. @throws PortUnavailable */
export async function aggregateRows<R>(
  guard: Guard,
  collection: Pick<mongo.Collection, 'collectionName'>,
  { pipeline, rowsMax }: { readonly pipeline: readonly mongo.Document[]; readonly rowsMax: number },
): Promise<readonly R[]> {
  // One more than can come: then the server has nothing to keep open.
  const cursor = { batchSize: rowsMax + 1 };
  return firstBatch<R>(guard, { aggregate: collection.collectionName, pipeline, cursor });
}

async function firstBatch<R>(guard: Guard, command: mongo.Document): Promise<readonly R[]> {
  const ask = () => guard.db.command({ ...command, readConcern }, plain);
  const reply = await guard.call(() => twice(ask));
  return (reply['cursor'] as { firstBatch: R[] }).firstBatch;
}

/** Only for what may be done twice. After a failover the second one finds the new primary. */
async function twice<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof mongo.MongoError)) throw error;
    return ask();
  }
}

async function written(db: mongo.Db, command: mongo.Document): Promise<WriteReport> {
  try {
    return { refused: refusedIn(await db.command(command, plain)), isWriteConcernMet: true };
  } catch (error) {
    if (!(error instanceof mongo.MongoWriteConcernError)) throw error;
    return { refused: refusedIn(error.result), isWriteConcernMet: false };
  }
}

function refusedIn(reply: mongo.Document): readonly RefusedRow[] {
  const errors = (reply['writeErrors'] ?? []) as readonly RefusedRow[];
  return errors.map(({ index, code }) => ({ index, code }));
}
