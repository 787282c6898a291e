/** Routes inside one process, for the embedded default and for specs. */
export { MemoryRouteData } from './memory-route-data.js';
export { MemoryRoutes } from './memory-routes.js';
