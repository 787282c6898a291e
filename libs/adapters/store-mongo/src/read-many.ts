/**
 * Many logs in a few look-ups. A log is dense, so the page after a cursor is a range of seqs, and many ranges
 * make one query. Must give exactly what reading them one by one gives.
 */
import type { Entry, LogKey } from '@carillon/domain';
import type { LogPlace } from '@carillon/domain/ports';
import type { mongo } from 'mongoose';
import type { EntryRow } from './rows.js';

/** Each is a branch of one query with index bounds of its own; fewer or more cost more each, measured. */
export const placesPerQuery = 100;

/** The one look-up of all places; its plan is held by a test. */
export function pagesAfter(places: readonly LogPlace[], limit: number): mongo.Filter<EntryRow> {
  return { $or: places.map(({ log, after }) => ({ log, seq: { $gt: after, $lte: after + limit } })) };
}

/**
 * The page of a place out of what was found for all of them. Undefined when it does not begin right after the
 * cursor: then the log has nothing more, or its entries begin further up.
 */
export function pageOf(
  place: LogPlace,
  found: ReadonlyMap<LogKey, readonly Entry[]>,
  limit: number,
): readonly Entry[] | undefined {
  const { log, after } = place;
  const page = (found.get(log) ?? []).filter(({ seq }) => seq > after && seq <= after + limit);
  return page[0]?.seq === after + 1 ? page : undefined;
}
