// Rows in which a Dispatch dies or stands still.
import { atLeast, atMostMs, none, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const frozenMs = 30_000;
const leftWithinMs = 2_000;
const throughputMin = 0.9;
/** Of messages accepted once Collect has left the frozen one; a busy machine is slow, too. */
const settledP99Ms = 1_000;

export const dispatchRows: readonly Row[] = [
  {
    row: '5',
    broken: 'kill -9 Dispatch after look-up, after push, before reply',
    outcome: 'Collect tries another; Push drops seq ≤ sent',
    seconds: 15,
    quickSeconds: 6,
    prepare: async (stage) => {
      await Promise.all(victims(stage).map((name) => stage.plant(name, 'reply')));
    },
    run: async (stage) => {
      for (const name of victims(stage)) {
        await stage.moment(200, 2_000);
        await stage.crash(name);
        await stage.app(name).restart();
      }
    },
    judge: (history, stage) => [
      atLeast('crash points met', stage.notes['crashes'] ?? 0, victims(stage).length),
      none('again on the wire', history.verdict.again),
    ],
  },
  {
    row: '5b',
    broken: 'SIGSTOP one of two Dispatch 30 s',
    outcome: 'Collect leaves it within 2 s; throughput of the other ≥ 90 %; nothing missing',
    seconds: 50,
    run: async (stage) => {
      await stage.wait(5_000);
      const frozen = stage.app('dispatch-1');
      await frozen.kill('SIGSTOP');
      stage.mark('stopped');
      await stage.wait(frozenMs);
      stage.mark('continued');
      await frozen.kill('SIGCONT');
      await stage.wait(3_000);
    },
    judge: (history, stage) => {
      const left = stage.at('stopped') + leftWithinMs;
      const until = stage.at('continued');
      const rate = (from: number, to: number) => history.between(from, to).length / (to - from);
      const share = rate(left, until) / rate(stage.at('stopped') - 4_000, stage.at('stopped'));
      return [
        atMostMs('p99 once it was left', history.p99Between(left, until), settledP99Ms),
        atMostMs('longest once it was left', history.longestBetween(left + leftWithinMs, until), 5_000),
        atLeast('throughput against before', share, throughputMin),
      ];
    },
  },
];

function victims({ options }: Stage): string[] {
  return options.isQuick ? ['dispatch-1'] : ['dispatch-1', 'dispatch-2'];
}
