/** A store in one file. The only lib that knows node:sqlite. */
export { SqliteStore, type SqliteStoreOptions } from './sqlite-store.js';
export { StoreFileUnusable } from './store-file-unusable.js';
