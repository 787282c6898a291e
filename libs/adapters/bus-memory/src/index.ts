/** A bus inside one process, for the embedded default and for specs. */
export { MemoryBus } from './memory-bus.js';
export { MemoryHub } from './memory-hub.js';
