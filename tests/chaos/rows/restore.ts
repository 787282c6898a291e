// The row of the restore: the store is put back to what it was, as the operating pages say how.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Backup } from '../backup.ts';
import type { History } from '../history.ts';
import { atLeast, atMost, atMostMs, none, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const root = join(import.meta.dirname, '../../..');
const beginEpoch = join(root, 'apps/collect/dist/begin-epoch.js');
const lostMs = 4_000;
const openTimeoutMs = 60_000;
const onlineWithinMs = 20_000;

export const restoreRows: readonly Row[] = [
  {
    row: '31',
    broken: 'all stopped, the store restored from a backup some seconds old, begin-epoch, all started',
    outcome: 'every device is told of the gap, once per log; no seq of an epoch is used twice; then complete',
    seconds: 40,
    quickSeconds: 20,
    messagesPerSecond: 60,
    manyPerSecond: 2,
    expects: ['gaps', 'loss'],
    run: async (stage) => {
      const { cluster } = stage;
      const { url } = cluster.services.mongo;
      await stage.moment(2_000, 4_000);
      const from = stage.mark('backup');
      const backup = await Backup.of(url);
      await stage.wait(lostMs);
      await Promise.all(cluster.processes.map((app) => ended(app)));
      stage.lost.push({ from, to: stage.mark('stopped') });
      await backup.restore();
      await promisify(execFile)(process.execPath, [beginEpoch], {
        env: { ...process.env, MONGO_URL: url },
      });
      const [first, ...others] = cluster.processes;
      await first?.restart();
      await Promise.all(others.map((app) => app.restart()));
      stage.mark('started');
      const all = stage.users.length;
      await stage.fleet.until(({ open }) => open === all, openTimeoutMs, 'all sockets open again');
    },
    judge: (history, stage) => {
      const denials = denialsIn(history);
      const logs = followedBy(stage);
      return [
        atLeast('messages accepted and lost by the restore', lostOf(history, stage), 1),
        atLeast('logs of devices that were told of the gap', denials.size, logs),
        none('told more than once', [...denials.values()].filter((count) => count > 1).length),
        none('told at another time', outside(history, stage)),
        atMost('epochs that a device has seen', epochsSeen(history), 2),
        atMostMs(
          'longest delay of what came after',
          history.longestBetween(stage.at('started'), Infinity),
          onlineWithinMs,
        ),
      ];
    },
  },
];

async function ended(app: Stage['cluster']['processes'][number]): Promise<void> {
  const { ended: end } = app;
  await app.kill('SIGTERM');
  await end;
}

function followedBy({ users, following }: Stage): number {
  const others = (following?.logs ?? []).map((log) => following?.followersOf(log) ?? 0);
  return others.reduce((sum, count) => sum + count, users.length);
}

/** How often continuity was denied, by device and log. */
function denialsIn(history: History): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { device, log = 'user', resumed } of history.lines) {
    const key = `${device} ${log}`;
    if (resumed === false) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function outside(history: History, stage: Stage): number {
  return history.lines.filter(({ resumed, at }) => resumed === false && at < stage.at('stopped')).length;
}

function epochsSeen(history: History): number {
  return new Set(history.lines.flatMap(({ epoch }) => epoch ?? [])).size;
}

function lostOf({ parts: { ledger } }: History, stage: Stage): number {
  let lost = 0;
  for (let number = 0; number < ledger.size; number++) if (stage.isLost(ledger.answeredAt(number))) lost++;
  return lost;
}
