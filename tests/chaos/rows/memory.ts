// The row of the processes that end by their own fault: an error that nobody handles, no memory left.
import { join } from 'node:path';
import { windowMax } from '../../fleet/checker.ts';
import type { CrashPoint } from '../crash-points.ts';
import { atLeast, atMost, atMostMs, none, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const onlineWithinMs = 20_000;
/** Of the heap, in MiB: enough to work, little enough to be used up soon. */
const heapMiB = '200';

export const memoryRows: readonly Row[] = [
  {
    row: '34',
    broken: 'an unhandled rejection in Collect, Dispatch and Push; a Collect and a Push with no heap left',
    outcome: 'each exits non-zero by itself; same promises as kill -9',
    seconds: 45,
    quickSeconds: 20,
    messagesPerSecond: 60,
    manyPerSecond: 2,
    run: async (stage) => {
      for (const name of ['collect-1', 'dispatch-1', 'push-1']) await end(stage, name, 'rejection');
      for (const name of ['collect-2', 'push-2']) await end(stage, name, 'balloon');
    },
    judge: (history, stage) => [
      atLeast('processes that ended by themselves', stage.noted('crashes'), 5),
      none('of them with exit code 0', stage.noted('clean')),
      none('rejections that did not end it with 1', stage.noted('wrongCode')),
      atMost('again after one reconnect', history.againPerReconnectMax, windowMax),
      none('answers other than 202 and 503', history.wrongAnswers),
      atMostMs('longest delay after the 202', history.longestMs, onlineWithinMs),
    ],
  },
];

async function end(stage: Stage, name: string, point: CrashPoint & ('rejection' | 'balloon')): Promise<void> {
  const app = stage.app(name);
  const main = join(import.meta.dirname, '../mains', `${name.replace(/-\d+$/, '')}.ts`);
  const heap: Record<string, string> =
    point === 'balloon' ? { NODE_OPTIONS: `--max-old-space-size=${heapMiB}` } : {};
  await app.restart({ main, env: { CHAOS_CRASH_POINT: point, ...heap } });
  await stage.moment(300, 1_200);
  const { ended } = app;
  await stage.crash(name);
  const code = await ended;
  stage.count('clean', code === 0 ? 1 : 0);
  stage.count('wrongCode', point === 'rejection' && code !== 1 ? 1 : 0);
  await app.restart();
}
