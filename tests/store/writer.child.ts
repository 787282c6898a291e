// A process of writers on one store: each appends its lists one after the other and prints what was
// confirmed, one JSON line per list, again and again until nothing is unconfirmed.
// Must print nothing that is not confirmed.
// Argument: a `WriterOrder` as JSON.
import { writeSync } from 'node:fs';
import type { Draft, LogKey } from '@carillon/domain';
import { openStore } from './mongo.js';

/** Each takes 5 s at most. */
const sendsMax = 10;

export interface WriterOrder {
  readonly url: string;
  readonly database: string;
  readonly name: string;
  readonly writers: number;
  readonly lists: number;
  readonly draftsPerListMax: number;
  readonly logs: readonly LogKey[];
  /**
   * The second draft of every list has an id that the writers of the same number in all processes share: of
   * such runs all but one are partly refused.
   */
  readonly isSharing?: boolean;
  /** All drafts of all writers have this id. */
  readonly sharedId?: string;
}

/** One line of a writer: the ids of a list in order, and where each was confirmed. */
export interface Confirmation {
  readonly ids: readonly string[];
  readonly places: readonly { readonly outcome: string; readonly log: LogKey; readonly seq: number }[];
  /** How often the list had to be sent. */
  readonly sends: number;
}

await main(JSON.parse(process.argv[2] ?? '') as WriterOrder);

async function main(order: WriterOrder): Promise<void> {
  const { url, database } = order;
  const store = await openStore({ url, database });
  const write = async (drafts: readonly Draft[]) => {
    for (let sends = 1; sends <= sendsMax; sends++) {
      const outcomes = await store.log.append(drafts);
      const places = outcomes.flatMap((told) =>
        told.outcome === 'unconfirmed'
          ? []
          : [{ outcome: told.outcome, log: told.entry.log, seq: told.entry.seq }],
      );
      if (places.length < drafts.length) continue;
      const confirmation: Confirmation = { ids: drafts.map(({ id }) => id), places, sends };
      writeSync(1, `${JSON.stringify(confirmation)}\n`);
      return;
    }
    throw new Error(`a list is still unconfirmed after ${sendsMax} appends`);
  };
  const writer = async (nth: number) => {
    for (let list = 0; list < order.lists; list++) await write(listOf(order, nth, list));
  };
  await Promise.all(Array.from({ length: order.writers }, (_, nth) => writer(nth)));
  await store.close();
}

function listOf(order: WriterOrder, writer: number, list: number): Draft[] {
  const count = 1 + Math.floor(Math.random() * order.draftsPerListMax);
  return Array.from({ length: count }, (_, at) => ({
    id: order.sharedId ?? `${order.isSharing && at === 1 ? 'shared' : order.name}.${writer}.${list}.${at}`,
    log: order.logs[Math.floor(Math.random() * order.logs.length)]!,
    acceptedAt: Date.now(),
    expiresAt: Date.now() + 86_400_000,
    event: 'e',
    data: JSON.stringify({ by: `${order.name}.${writer}` }),
  }));
}
