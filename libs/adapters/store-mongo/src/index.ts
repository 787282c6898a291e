/** The store over MongoDB, and the append that it is built upon. Nothing else leaves this lib. */
export { type AppendCalls, Appender, type AppenderOptions } from './append.js';
export { MongoStore, type MongoStoreOptions } from './mongo-store.js';
export type { RefusedRow, WriteReport } from './write-report.js';
