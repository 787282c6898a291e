/** What services need from the world, as promises. Adapters keep them. */
export { Bus, type BusMessage, type Subscription } from './bus.js';
export { Clock, ClockTrust, repeat, sleep, type Timer } from './clock.js';
export { type CursorMove, type CursorQuestion, Cursors } from './cursors.js';
export { type DeviceSighting, Devices } from './devices.js';
export { KeyRing } from './key-ring.js';
export { LogKeeping, type PurgeBounds } from './log-keeping.js';
export { Marks } from './marks.js';
export { Members, type Membership, type MembersPage } from './members.js';
export { type Appended, type LogPlace, MessageLog } from './message-log.js';
export { LeaseExpired, NoResponder, PortError, PortUnavailable, TimedOut } from './port-error.js';
export { Random, randomName } from './random.js';
export { Reads } from './reads.js';
export { type ReceiptPlace, Receipts } from './receipts.js';
export { type Route, RouteTable } from './route-table.js';
export { type Claim, Schedule, type ScheduledMessage, type ScheduledState } from './schedule.js';
export { type Store, StoreFacts } from './store.js';
