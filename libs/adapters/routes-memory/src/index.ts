export { MemoryRouteData } from './memory-route-data.js';
export { MemoryRoutes } from './memory-routes.js';
