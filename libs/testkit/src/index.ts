/** What specs are made of. Never part of a build that ships. */
export { device, draft, drafts, entry, inbox, startMs, user } from './builders.js';
export { FakeClock } from './fake-clock.js';
export { type BusFaults, FaultyBus, type FaultyBusOptions } from './faulty-bus.js';
export { type AppendFault, FaultyLog } from './faulty-log.js';
export { FaultyStore } from './faulty-store.js';
export { MachineClock, MachineRandom } from './machine.js';
export { type MemoryPorts, memoryPorts } from './memory-ports.js';
export { SeededRandom } from './seeded-random.js';
