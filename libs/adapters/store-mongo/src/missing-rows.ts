/** Inserts what is not there yet. Only for rows of which the first is to stay. */
import type { mongo } from 'mongoose';
import { bulkReport, duplicateCode } from './driver-errors.js';
import type { Guard } from './guard.js';

const rowsPerCommand = 1_000;

/** Durable on a majority when it resolves, also what others have just inserted. @throws PortUnavailable */
export async function insertMissing<R extends mongo.Document>(
  collection: mongo.Collection<R>,
  guard: Guard,
  rows: readonly mongo.OptionalUnlessRequiredId<R>[],
): Promise<void> {
  for (let from = 0; from < rows.length; from += rowsPerCommand) {
    const chunk = rows.slice(from, from + rowsPerCommand);
    await guard.call(async () => {
      try {
        await collection.insertMany(chunk, { ordered: false });
      } catch (error) {
        const report = bulkReport(error);
        const isThere =
          report?.isWriteConcernMet && report.refused.every(({ code }) => code === duplicateCode);
        if (!isThere) throw error;
      }
    });
  }
}
