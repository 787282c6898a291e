/** Inserts what is not there yet. Only for rows of which the first is to stay. */
import { PortUnavailable } from '@carillon/domain/ports';
import type { mongo } from 'mongoose';
import { insertRows } from './commands.js';
import type { Guard } from './guard.js';
import { isDoneOrCollided } from './upserts.js';

const rowsPerCommand = 1_000;

/** Durable on a majority when it resolves, also what others have just inserted. @throws PortUnavailable */
export async function insertMissing<R extends mongo.Document>(
  collection: mongo.Collection<R>,
  guard: Guard,
  rows: readonly R[],
): Promise<void> {
  for (let from = 0; from < rows.length; from += rowsPerCommand) {
    const chunk = rows.slice(from, from + rowsPerCommand);
    const report = await insertRows(guard, collection, chunk);
    if (!isDoneOrCollided(report)) throw new PortUnavailable('MongoDB did not do what was asked');
  }
}
