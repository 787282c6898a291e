/**
 * All four services in one process, on SQLite and memory unless configured otherwise, with the demo page at
 * `/`.
 */
import { AuthModule } from '@carillon/auth';
import { CollectModule } from '@carillon/collect';
import { DispatchModule } from '@carillon/dispatch';
import { serviceNames } from '@carillon/platform';
import { PushModule, PushWsAdapter } from '@carillon/push';
import { runService } from '@carillon/wiring';
import { announce } from './announcement.js';
import { serveDemo } from './demo.js';

await runService({
  services: serviceNames,
  modules: (context) => [
    AuthModule.with(context),
    CollectModule.with(context),
    DispatchModule.with(context),
    PushModule.with(context),
  ],
  webSockets: (_context, app) => new PushWsAdapter(app),
  routes: serveDemo,
  announce,
});
