// Push as the harness starts it: the app's own main with a crash point around its ports, or doorbells of
// another version.
import { PushModule, PushWsAdapter } from '@carillon/push';
import { runService } from '@carillon/wiring';
import { breakable } from '../crash-points.ts';
import { foreign } from '../foreign-doorbells.ts';

await runService({
  services: ['push'],
  modules: (context) => [PushModule.with(breakable(foreign(context)))],
  webSockets: (_context, app) => new PushWsAdapter(app),
});
