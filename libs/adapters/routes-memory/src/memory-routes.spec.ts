/** Memory keeps the contract of a route table. */
import { HandClock, routeTableContract } from '@carillon/domain/contracts';
import { MemoryRouteData } from './memory-route-data.js';
import { MemoryRoutes } from './memory-routes.js';

const clock = new HandClock();
const data = new MemoryRouteData();

routeTableContract('routes-memory', {
  open: async () => new MemoryRoutes(clock, data),
  passTime: (ms) => clock.advance(ms),
  wipe: async () => data.wipe(),
  snapshot: async () => {
    const restore = data.snapshot();
    return async () => restore();
  },
});
