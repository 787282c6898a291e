/** One suite per port: an adapter is right when it passes. For specs only. */
export { busContract } from './bus.js';
export type { BusSetUp } from './bus-subject.js';
export { type ClockSetUp, clockContract } from './clock.js';
export { cursorsContract } from './cursors.js';
export { devicesContract } from './devices.js';
export { HandClock } from './hand-clock.js';
export { keyRingContract } from './key-ring.js';
export { logKeepingContract } from './log-keeping.js';
export { messageLogContract } from './message-log.js';
export { appendRacesContract } from './message-log-races.js';
export { randomContract } from './random.js';
export { receiptsContract } from './receipts.js';
export { routeTableContract } from './route-table.js';
export type { RouteTableSetUp } from './route-table-subject.js';
export { storeContract } from './store.js';
export { storeFactsContract } from './store-facts.js';
export { type StoreContractOptions, type StoreSubject, storeSubject } from './store-subject.js';
