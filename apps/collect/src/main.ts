/** The Collect process. */
import { CollectModule } from '@carillon/collect';
import { runService } from '@carillon/wiring';

await runService({ services: ['collect'], modules: (context) => [CollectModule.with(context)] });
