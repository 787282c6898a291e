/** Lets the real purge of store-mongo run on the replica set. Knows nothing of what it removes. */
import type { LogKey } from '@carillon/domain';
import type { PurgeBounds } from '@carillon/domain/ports';
import type { Process } from '../world/process.js';
import type { ReplicaSet } from './replica-set.js';
import { openRoles } from './roles.js';

/** Removes what is due from this log, one chunk. @throws PortUnavailable */
export function purge(
  { replicas, process }: { readonly replicas: ReplicaSet; readonly process: Process },
  log: LogKey,
  bounds: PurgeBounds,
): Promise<number> {
  return openRoles(replicas, (call) => process.call(call)).keeping.purge(log, bounds);
}
