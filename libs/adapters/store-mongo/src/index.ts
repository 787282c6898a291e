export {
  type AppendCalls,
  Appender,
  type AppenderOptions,
  type InsertReply,
  type RefusedRow,
} from './append.js';
export { MongoStore, type MongoStoreOptions } from './mongo-store.js';
