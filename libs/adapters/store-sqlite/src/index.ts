export { SqliteStore, type SqliteStoreOptions } from './sqlite-store.js';
export { StoreFileUnusable } from './store-file-unusable.js';
