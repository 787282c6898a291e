/**
 * All ports of a process in memory, so that a service's spec needs no adapter of its own.
 * Nothing survives it.
 */
import { MemoryBus } from '@carillon/bus-memory';
import type { Bus, RouteTable, Store } from '@carillon/domain/ports';
import { MemoryRoutes } from '@carillon/routes-memory';
import { MemoryStore } from '@carillon/store-memory';
import { FakeClock } from './fake-clock.js';
import { SeededRandom } from './seeded-random.js';

/** What a spec starts a service on. */
export interface MemoryPorts {
  readonly clock: FakeClock;
  /** May be set: whether the clock is believed. */
  readonly trust: { isTrusted: boolean };
  readonly random: SeededRandom;
  readonly store: Store;
  readonly routes: RouteTable;
  readonly bus: Bus;
}

/** Empty ports over one fake clock. `seed`: for the chance in it. */
export async function memoryPorts(seed = 1): Promise<MemoryPorts> {
  const clock = new FakeClock();
  return {
    clock,
    trust: { isTrusted: true },
    random: new SeededRandom(seed),
    store: await MemoryStore.open({ clock }),
    routes: new MemoryRoutes(clock),
    bus: new MemoryBus(clock),
  };
}
