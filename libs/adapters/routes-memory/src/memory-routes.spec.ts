/** Memory keeps the contract of a route table. */
import { routeTableContract } from '@carillon/domain/contracts';
import { FakeClock } from '@carillon/testkit';
import { MemoryRouteData } from './memory-route-data.js';
import { MemoryRoutes } from './memory-routes.js';

const clock = new FakeClock();
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
