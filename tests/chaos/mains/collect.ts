// Collect as the harness starts it: the app's own main with a crash point around its ports.
import { CollectModule } from '@carillon/collect';
import { runService } from '@carillon/wiring';
import { breakable } from '../crash-points.ts';

await runService({ services: ['collect'], modules: (context) => [CollectModule.with(breakable(context))] });
