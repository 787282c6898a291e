// Rows in which a Collect dies or stands still around an append.
import type { History } from '../history.ts';
import { atLeast, atMostMs, none, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const lateMaxMs = 20_000;
const frozenMs = 30_000;

export const collectRows: readonly Row[] = [
  {
    row: '1',
    broken: 'kill -9 Collect in the middle of an append (half a batch inserted)',
    outcome: 'retry with the key → same ids, the rest appended; no hole',
    seconds: 20,
    prepare: plantIn('append-half'),
    run: crashInTurn,
    judge: crashed,
  },
  {
    row: '2',
    broken: 'kill -9 Collect after the append, before the 202',
    outcome: 'same key → same id, one entry',
    seconds: 20,
    prepare: plantIn('append-done'),
    run: crashInTurn,
    judge: crashed,
  },
  {
    row: '3',
    broken: 'kill -9 Collect after 202, before the doorbell',
    outcome: 'delivered ≤ 20 s',
    seconds: 20,
    quickSeconds: 6,
    prepare: plantIn('doorbell'),
    run: crashInTurn,
    judge: (history, stage) => [
      ...crashed(history, stage),
      atMostMs('longest delay after the 202', history.longestMs, lateMaxMs),
    ],
  },
  {
    row: '4',
    broken: 'SIGSTOP Collect 30 s inside append, then CONT',
    outcome: 'duplicate key → new seq; nothing below a cursor',
    seconds: 40,
    prepare: (stage) => stage.plant('collect-1', 'append-pause'),
    run: async (stage) => {
      const collect = stage.app('collect-1');
      await stage.moment(0, 2_000);
      await collect.kill('SIGUSR2');
      await stage.wait(frozenMs);
      await collect.kill('SIGCONT');
      await stage.wait(2_000);
    },
    judge: (history) => [none('answers other than 202 and 503', history.wrongAnswers)],
  },
];

function plantIn(point: 'append-half' | 'append-done' | 'doorbell') {
  return async (stage: Stage): Promise<void> => {
    await Promise.all(victims(stage).map((name) => stage.plant(name, point)));
  };
}

function victims({ options }: Stage): string[] {
  return options.isQuick ? ['collect-1'] : ['collect-1', 'collect-2'];
}

/** One after the other, at seeded moments; each is back, whole, before the next dies. */
async function crashInTurn(stage: Stage): Promise<void> {
  for (const name of victims(stage)) {
    await stage.moment(200, 2_500);
    await stage.crash(name);
    await stage.app(name).restart();
  }
}

function crashed(_history: History, stage: Stage) {
  return [atLeast('crash points met', stage.notes['crashes'] ?? 0, victims(stage).length)];
}
