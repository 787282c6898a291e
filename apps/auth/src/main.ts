/** The Auth process. */
import { AuthModule } from '@carillon/auth';
import { runService } from '@carillon/wiring';

await runService({ services: ['auth'], modules: (context) => [AuthModule.with(context)] });
