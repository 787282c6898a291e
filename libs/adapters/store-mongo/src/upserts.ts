/** Bulk upserts that may race with others on the same keys. Only for updates that may be done twice. */
import type { mongo } from 'mongoose';
import { bulkReport, duplicateCode } from './driver-errors.js';
import type { Guard } from './guard.js';

const attemptsMax = 3;
const updatesPerCommand = 1_000;

/**
 * All of them done and durable on a majority when it resolves. Two upserts of one absent key can collide in
 * the server; the loser is sent again. @throws PortUnavailable
 */
export async function upsertAll<R extends mongo.Document>(
  collection: mongo.Collection<R>,
  guard: Guard,
  updates: readonly mongo.AnyBulkWriteOperation<R>[],
): Promise<void> {
  for (let from = 0; from < updates.length; from += updatesPerCommand) {
    const chunk = updates.slice(from, from + updatesPerCommand);
    await guard.call(() => upsertChunk(collection, chunk));
  }
}

async function upsertChunk<R extends mongo.Document>(
  collection: mongo.Collection<R>,
  updates: readonly mongo.AnyBulkWriteOperation<R>[],
): Promise<void> {
  let open = updates;
  for (let attempt = 1; open.length > 0; attempt += 1) {
    try {
      await collection.bulkWrite([...open], { ordered: false });
      return;
    } catch (error) {
      const report = bulkReport(error);
      const isCollision =
        report?.isWriteConcernMet && report.refused.every((row) => row.code === duplicateCode);
      if (!isCollision || attempt === attemptsMax) throw error;
      const refused = new Set(report.refused.map((row) => row.index));
      open = open.filter((_, index) => refused.has(index));
    }
  }
}
