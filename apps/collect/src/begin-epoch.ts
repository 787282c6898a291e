/** Run once after a restore, while no service runs: the cursors of before count no more. */
import { runBeginEpoch } from '@carillon/wiring';

await runBeginEpoch();
