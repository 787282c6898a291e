/** Many upserts that may race with others on the same keys. Only for updates that may be done twice. */
import { PortUnavailable } from '@carillon/domain/ports';
import type { mongo } from 'mongoose';
import { type Update, upsertRows } from './commands.js';
import { duplicateCode } from './driver-errors.js';
import type { Guard } from './guard.js';
import type { WriteReport } from './write-report.js';

const attemptsMax = 3;
const updatesPerCommand = 1_000;

/**
 * All of them done and durable on a majority when it resolves. Two upserts of one absent key can collide in
 * the server; the loser is sent again. @throws PortUnavailable
 */
export async function upsertAll<R extends mongo.Document>(
  collection: mongo.Collection<R>,
  guard: Guard,
  updates: readonly Update<R>[],
): Promise<void> {
  for (let from = 0; from < updates.length; from += updatesPerCommand) {
    let open = updates.slice(from, from + updatesPerCommand);
    for (let attempt = 1; open.length > 0; attempt += 1) {
      const report = await upsertRows(guard, collection, open);
      if (!isDoneOrCollided(report) || (report.refused.length > 0 && attempt === attemptsMax))
        throw new PortUnavailable('MongoDB did not do what was asked');
      const refused = new Set(report.refused.map(({ index }) => index));
      open = open.filter((_, index) => refused.has(index));
    }
  }
}

/** Nothing was refused but keys that were there already. */
export function isDoneOrCollided({ refused, isWriteConcernMet }: WriteReport): boolean {
  return isWriteConcernMet && refused.every(({ code }) => code === duplicateCode);
}
