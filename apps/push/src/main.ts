/** The Push process. */
import { PushModule, PushWsAdapter } from '@carillon/push';
import { runService } from '@carillon/wiring';

await runService({
  services: ['push'],
  modules: (context) => [PushModule.with(context)],
  webSockets: (_context, app) => new PushWsAdapter(app),
});
