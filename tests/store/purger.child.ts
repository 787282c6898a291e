// A process that purges one log, and is meant to be killed before it is done. Argument: a `PurgeOrder` as
// JSON.
import type { LogKey } from '@carillon/domain';
import type { PurgeBounds } from '@carillon/domain/ports';
import { MongoStore } from '@carillon/store-mongo';
import { MachineClock, MachineRandom } from './machine.js';

export interface PurgeOrder {
  readonly url: string;
  readonly database: string;
  readonly log: LogKey;
  readonly bounds: PurgeBounds;
}

const { url, database, log, bounds } = JSON.parse(process.argv[2] ?? '') as PurgeOrder;
const store = await MongoStore.open({
  url,
  database,
  clock: new MachineClock(),
  random: new MachineRandom(),
});
await store.keeping.purge(log, bounds);
await store.close();
