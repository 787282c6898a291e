// A process that purges one log, and is meant to be killed before it is done.
// Argument: a `PurgeOrder` as JSON.
import type { LogKey } from '@carillon/domain';
import type { PurgeBounds } from '@carillon/domain/ports';
import { openStore } from './mongo.js';

export interface PurgeOrder {
  readonly url: string;
  readonly database: string;
  readonly log: LogKey;
  readonly bounds: PurgeBounds;
}

const { url, database, log, bounds } = JSON.parse(process.argv[2] ?? '') as PurgeOrder;
const store = await openStore({ url, database });
await store.keeping.purge(log, bounds);
await store.close();
