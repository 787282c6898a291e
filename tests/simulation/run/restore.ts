/**
 * A restore of the store from a backup, as the manual says: everything is stopped, the older state is put
 * back, a new epoch begins, everything starts. Pages go on living meanwhile.
 */
import { PortError, type Random, sleep } from '@carillon/domain/ports';
import { openStore } from '../store/process-store.js';
import type { View } from '../store/view.js';
import { Process } from '../world/process.js';
import { calm } from '../world/weather.js';
import type { Cluster } from './cluster.js';
import { size } from './size.js';
import { faultsFromMs } from './span.js';

const againMs = 200;

export function planRestore(cluster: Cluster, random: Random): void {
  const { world, ground } = cluster;
  const backupAt = faultsFromMs + random.next() * 6_000;
  const stopAt = backupAt + 500 + random.next() * 4_000;
  let backup: View | undefined;
  world.after(backupAt, () => {
    world.history.note('backup');
    backup = ground.replicas.backup();
  });
  world.after(stopAt, () => {
    world.history.note('restore');
    cluster.stopAll();
    ground.replicas.restore(backup as View);
    cluster.watch.truth.restored(backup as View);
    // Who restores sees to it that the store can be reached: the new epoch begins once.
    const { weather } = world;
    world.weather = { ...weather, store: calm.store };
    void begin(cluster, new Process(world, 'admin.1')).then(() => {
      if (!cluster.isHealed) world.weather = weather;
    });
  });
}

async function begin(cluster: Cluster, admin: Process): Promise<void> {
  for (let isBegun = false; !isBegun; ) {
    isBegun = await hasBegun(cluster, admin);
    if (!isBegun) await sleep(admin.clock, againMs);
  }
  cluster.startAll(size);
}

/** False while the store is down: then nothing has happened. */
async function hasBegun({ ground }: Cluster, admin: Process): Promise<boolean> {
  try {
    await openStore(ground.store, admin).facts.beginEpoch();
    return true;
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    return false;
  }
}
