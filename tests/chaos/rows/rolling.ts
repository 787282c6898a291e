// Rows in which processes are replaced under load.
import { atMost, none, type Row } from '../row.ts';

const onlineWithinMs = 20_000;
const brokenCode = 1006;

export const rollingRows: readonly Row[] = [
  {
    row: '28',
    broken: 'rolling restart of everything under load, one process after the other',
    outcome: '0 lost; POST errors only retried 503; no 1006',
    seconds: 45,
    run: async (stage) => {
      for (const app of stage.cluster.processes) {
        const { ended } = app;
        await app.kill('SIGTERM');
        const code = await ended;
        stage.notes['unclean'] = (stage.notes['unclean'] ?? 0) + (code === 0 ? 0 : 1);
        await app.restart();
      }
    },
    judge: (history, stage) => {
      const broken = history.endings().filter(({ code }) => code === brokenCode).length;
      const cut = history.refused('cut');
      return [
        none('processes that did not end with 0', stage.notes['unclean'] ?? Number.NaN),
        none('sockets that saw 1006', broken),
        none('POSTs cut off', cut),
        none('answers other than 202 and 503', history.wrongAnswers),
        atMost('longest delay after the 202, ms', history.longestMs, onlineWithinMs),
      ];
    },
  },
];
