/** The Dispatch process. */
import { DispatchModule } from '@carillon/dispatch';
import { runService } from '@carillon/wiring';

await runService({ services: ['dispatch'], modules: (context) => [DispatchModule.with(context)] });
