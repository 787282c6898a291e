// Rows in which processes are replaced under load.
import { join } from 'node:path';
import type { App } from '../../../tools/cluster/app.ts';
import { atLeast, atMostMs, none, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const onlineWithinMs = 20_000;
const brokenCode = 1006;
/** No version of the product's own. */
const foreignVersion = '200';
/** So that messages are posted while each kind of process is of two versions. */
const mixedMs = 3_000;

export const rollingRows: readonly Row[] = [
  {
    row: '28',
    broken: 'rolling restart of everything under load, to another version of the doorbells and back',
    outcome: '0 lost; POST errors only retried 503; no 1006',
    seconds: 75,
    quickSeconds: 40,
    manyPerSecond: 2,
    run: async (stage) => {
      for (const app of stage.cluster.processes) await replace(stage, app, foreignVersion);
      await stage.wait(mixedMs, 0);
      for (const app of stage.cluster.processes) await replace(stage, app);
    },
    judge: (history, stage) => {
      const broken = history.endings().filter(({ code }) => code === brokenCode).length;
      const cut = history.refused('cut');
      return [
        atLeast('processes that ran with the other version', stage.noted('foreign'), 7),
        none('processes that did not end with 0', stage.noted('unclean')),
        none('sockets that saw 1006', broken),
        none('POSTs cut off', cut),
        none('answers other than 202 and 503', history.wrongAnswers),
        atMostMs('longest delay after the 202', history.longestMs, onlineWithinMs),
      ];
    },
  },
];

/** Ends it in order, and starts it again; Auth takes no part in doorbells. */
async function replace(stage: Stage, app: App, version?: string): Promise<void> {
  const { ended } = app;
  await app.kill('SIGTERM');
  const code = await ended;
  stage.count('unclean', code === 0 ? 0 : 1);
  const kind = app.name.replace(/-\d+$/, '');
  if (version === undefined || kind === 'auth') return app.restart();
  stage.count('foreign');
  const main = join(import.meta.dirname, '../mains', `${kind}.ts`);
  await app.restart({ main, env: { CHAOS_DOORBELL_VERSION: version } });
}
