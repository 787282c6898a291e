// Dispatch as the harness starts it: the app's own main with a crash point around its ports.
import { DispatchModule } from '@carillon/dispatch';
import { runService } from '@carillon/wiring';
import { breakable } from '../crash-points.ts';

await runService({ services: ['dispatch'], modules: (context) => [DispatchModule.with(breakable(context))] });
