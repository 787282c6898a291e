/** Routes in a SQLite file: an example of an adapter from outside. */
export { FileRoutes, type FileRoutesParts } from './file-routes.js';
