/**
 * The highest seq of each log in a collection with the index {log: 1, seq: -1}: one index key per log and no
 * document (DISTINCT_SCAN), as long as the sort starts with `log` and the group's key is `$log` alone.
 */

import type { LogKey } from '@carillon/domain';
import type { mongo } from 'mongoose';
import { aggregateRows } from './commands.js';
import type { Guard } from './guard.js';

/** Logs per query at most. */
const logsMax = 1_000;

/** 0 for logs that hold nothing. @throws PortUnavailable */
export async function newestOf<R extends { readonly log: LogKey; readonly seq: number }>(
  collection: mongo.Collection<R>,
  guard: Guard,
  logs: readonly LogKey[],
): Promise<ReadonlyMap<LogKey, number>> {
  const newest = new Map<LogKey, number>();
  for (const log of logs) newest.set(log, 0);
  const asked = [...newest.keys()];
  for (let from = 0; from < asked.length; from += logsMax) {
    const pipeline = newestPipeline(asked.slice(from, from + logsMax));
    const rows = await aggregateRows<NewestRow>(guard, collection, { pipeline, rowsMax: logsMax });
    for (const row of rows) newest.set(row._id, row.seq);
  }
  return newest;
}

/** The aggregate itself; its plan is held by a test. */
export function newestPipeline(logs: readonly LogKey[]): mongo.Document[] {
  return [
    { $match: { log: { $in: logs } } },
    { $sort: { log: 1, seq: -1 } },
    { $group: { _id: '$log', seq: { $first: '$seq' } } },
  ];
}

interface NewestRow {
  readonly _id: LogKey;
  readonly seq: number;
}
