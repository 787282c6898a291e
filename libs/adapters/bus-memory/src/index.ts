export { MemoryBus } from './memory-bus.js';
export { MemoryHub } from './memory-hub.js';
