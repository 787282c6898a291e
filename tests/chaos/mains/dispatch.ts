// Dispatch as the harness starts it: the app's own main with a crash point around its ports, or doorbells of
// another version.
import { DispatchModule } from '@carillon/dispatch';
import { runService } from '@carillon/wiring';
import { breakable } from '../crash-points.ts';
import { foreign } from '../foreign-doorbells.ts';

await runService({
  services: ['dispatch'],
  modules: (context) => [DispatchModule.with(breakable(foreign(context)))],
});
