export { RedisRoutes, type RedisRoutesOptions } from './redis-routes.js';
