/**
 * Lets the real purge of store-mongo run on the replica set, through the few calls of a collection that it
 * makes. Knows nothing of what it removes.
 */
import type { Entry, LogKey } from '@carillon/domain';
import type { PurgeBounds } from '@carillon/domain/ports';
import { MongoLogKeeping } from '../../../libs/adapters/store-mongo/src/log-keeping.js';
import type { Process } from '../world/process.js';
import type { ReplicaSet } from './replica-set.js';

type Row = Omit<Entry, 'id'> & { readonly _id: string };
interface Filter {
  readonly log: LogKey;
  readonly seq?: { readonly $in: readonly number[] };
}
interface Removal {
  readonly deleteOne: { readonly filter: { readonly _id: string } };
}

/** Removes what is due from this log, one chunk. @throws PortUnavailable */
export function purge(
  { replicas, process }: { readonly replicas: ReplicaSet; readonly process: Process },
  log: LogKey,
  bounds: PurgeBounds,
): Promise<number> {
  const collection = {
    findOne: async ({ log: key }: Filter) => (await rows(key)).at(-1),
    find: ({ log: key }: Filter, { limit }: { readonly limit: number }) => {
      const found = async () => (await rows(key)).slice(0, limit);
      return { sort: () => ({ project: () => ({ toArray: found }) }) };
    },
    bulkWrite: (removals: readonly Removal[]) =>
      process.call(() =>
        replicas.write(
          removals.map(({ deleteOne }) => ({ kind: 'remove', id: deleteOne.filter._id }) as const),
          true,
        ),
      ),
    updateMany: ({ log: key, seq }: Filter, { $set }: { readonly $set: { readonly mark: 'emptied' } }) =>
      process.call(() =>
        replicas.write([{ kind: 'mark', log: key, seqs: seq?.$in ?? [], mark: $set.mark }], true),
      ),
  };
  const rows = (key: LogKey): Promise<Row[]> =>
    process.call(() =>
      replicas.read('majority', (view) =>
        view.after(key, 0, Number.POSITIVE_INFINITY).map(({ id, ...rest }) => ({ _id: id, ...rest })),
      ),
    );
  const guard = { call: <R>(ask: () => Promise<R>) => ask() };
  const keeping = new MongoLogKeeping(
    ...([collection, guard] as unknown as ConstructorParameters<typeof MongoLogKeeping>),
  );
  return keeping.purge(log, bounds);
}
