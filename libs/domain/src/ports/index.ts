/** What services need from the world, as promises. Adapters keep them. */
export { Bus, type BusMessage, type Subscription } from './bus.js';
export { Clock, repeat, sleep, type Timer } from './clock.js';
export { type CursorMove, Cursors } from './cursors.js';
export { type DeviceSighting, Devices } from './devices.js';
export { KeyRing } from './key-ring.js';
export { type Appended, LogKeeping, MessageLog, type PurgeBounds } from './message-log.js';
export { LeaseExpired, NoResponder, PortError, PortUnavailable, TimedOut } from './port-error.js';
export { Random, randomName } from './random.js';
export { type ReceiptPlace, Receipts } from './receipts.js';
export { type Route, RouteTable } from './route-table.js';
export { type Store, StoreFacts } from './store.js';
