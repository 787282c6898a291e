// What the store holds after a run, asked of MongoDB itself: are the logs dense, is every promise there once.
// Must never go through our own adapter: it would be judged by itself.
import { MongoClient } from 'mongodb';
import type { Posted } from '../fleet/poster.ts';

export interface StoreVerdict {
  readonly entries: number;
  /** Seqs that are not there below the head of their log. */
  readonly holes: number;
  /** I1: answered with 202 and not in the log of an addressee. */
  readonly lost: number;
  /** I10: one POST, twice in a log. */
  readonly doubles: number;
}

interface EntryFacts {
  readonly _id: string;
  readonly log: string;
  readonly seq: number;
  readonly data?: string;
}

const database = 'carillon';
const readTimeoutMs = 10_000;

/** `usersPrefix` names the users of one run. */
export async function dumpStore(
  url: string,
  usersPrefix: string,
  posted: readonly Posted[],
): Promise<StoreVerdict> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: readTimeoutMs });
  try {
    const rows = await client
      .db(database)
      .collection<EntryFacts>('entries')
      .find({ log: { $regex: `/user:${usersPrefix}` } }, { readConcern: 'majority' })
      .project<EntryFacts>({ log: 1, seq: 1, data: 1 })
      .toArray();
    return judgeStore(rows, posted);
  } finally {
    await client.close();
  }
}

export function judgeStore(rows: readonly EntryFacts[], posted: readonly Posted[]): StoreVerdict {
  let holes = 0;
  let doubles = 0;
  const present = new Set<string>();
  for (const [log, entries] of Map.groupBy(rows, (row) => row.log)) {
    const seqs = new Set(entries.map((entry) => entry.seq));
    holes += Math.max(0, ...seqs) - seqs.size;
    doubles += entries.length - seqs.size;
    const numbers = entries.map(numberOf);
    doubles += numbers.length - new Set(numbers).size;
    for (const entry of entries) present.add(`${log.slice(log.indexOf(':') + 1)} ${messageOf(entry._id)}`);
  }
  let lost = 0;
  for (const { id, users } of posted) for (const user of users) if (!present.has(`${user} ${id}`)) lost++;
  return { entries: rows.length, holes, lost, doubles };
}

/** An entry's id is that of its message, with `@log` behind it for all addressees but the first. */
function messageOf(id: string): string {
  return id.split('@')[0] ?? id;
}

/** The poster numbers what it posts. */
function numberOf({ _id, data }: EntryFacts): string | number {
  const content = JSON.parse(data ?? '{}') as { n?: number };
  return content.n ?? _id;
}
