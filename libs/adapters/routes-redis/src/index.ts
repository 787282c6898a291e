/** Routes in Redis. The only lib that knows its driver. */
export { RedisRoutes, type RedisRoutesOptions } from './redis-routes.js';
