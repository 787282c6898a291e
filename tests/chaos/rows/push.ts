// Rows in which a Push node dies or stands still.
import { windowMax } from '../../fleet/checker.ts';
import { atMost, atMostMs, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const resumedWithinMs = 10_000;
const frozenMs = 60_000;
const movedWithinMs = 40_000;
const staleClosedWithinMs = 40_000;
const pollMs = 500;

export const pushRows: readonly Row[] = [
  {
    row: '6',
    broken: 'kill -9 Push with 1,000 sockets mid-stream',
    outcome: 'all resume on others; no gap; wire duplicates ≤ 64 each; its routes ignored ≤ 10 s',
    seconds: 20,
    quickSeconds: 5,
    sockets: 3_000,
    messagesPerSecond: 200,
    run: async (stage) => {
      await stage.moment(500, 2_000);
      await killFull(stage, 'push-2');
      const all = stage.users.length;
      await stage.fleet.until(({ open }) => open < all, 5_000, 'sockets that are gone');
      await stage.fleet.until(({ open }) => open === all, 60_000, 'all sockets open on others');
      stage.notes['backMs'] = Date.now() - stage.at('killed');
    },
    judge: (history, stage) => [
      atMostMs('all sockets back', stage.notes['backMs'] ?? Number.NaN, resumedWithinMs),
      atMost('again after one reconnect', history.againPerReconnectMax, windowMax),
      atMostMs(
        'longest delay after the kill',
        history.longestBetween(stage.at('killed'), Infinity),
        resumedWithinMs,
      ),
    ],
  },
  {
    row: '7',
    broken: 'kill -9 Push after write before ack; after ack before the receipt flush',
    outcome: 'resume; handler duplicates 0',
    seconds: 20,
    prepare: (stage) => stage.plant('push-3', 'receipts'),
    run: async (stage) => {
      await stage.moment(500, 1_500);
      await killFull(stage, 'push-1');
      await stage.moment(1_000, 2_000);
      await stage.app('push-1').restart();
      await stage.crash('push-3');
      await stage.app('push-3').restart();
    },
    judge: (history) => [atMost('again after one reconnect', history.againPerReconnectMax, windowMax)],
  },
  {
    row: '8',
    broken: 'SIGSTOP Push 60 s, CONT',
    outcome: 'clients move ≤ 40 s; on CONT the old sockets are closed ≤ 40 s, stale acks do no harm',
    seconds: 75,
    messagesPerSecond: 40,
    run: async (stage) => {
      await stage.moment(500, 1_500);
      const frozen = stage.app('push-1');
      await frozen.kill('SIGSTOP');
      stage.mark('stopped');
      await stage.wait(frozenMs);
      await frozen.kill('SIGCONT');
      stage.mark('continued');
      await untilOpenEverywhere(stage);
      stage.notes['cleanMs'] = Date.now() - stage.at('continued');
    },
    judge: (history, stage) => [
      atMostMs('clients moved', history.movedWithinMs('push-1', stage.at('stopped')), movedWithinMs),
      atMostMs('old sockets closed', stage.notes['cleanMs'] ?? Number.NaN, staleClosedWithinMs),
      atMost('again after one reconnect', history.againPerReconnectMax, windowMax),
    ],
  },
];

/** Acks are held back until something is unsettled on the node, then it is killed. */
export async function killFull(stage: Stage, name: string): Promise<void> {
  const enough = Math.ceil(stage.users.length / 20);
  stage.fleet.tell({ kind: 'hold', isHolding: true });
  await stage.fleet.until(({ unsettled }) => (unsettled[name] ?? 0) >= enough, 20_000, `${enough} unsettled`);
  await stage.app(name).kill('SIGKILL');
  stage.mark('killed');
  stage.fleet.tell({ kind: 'hold', isHolding: false });
}

/** No node counts a session that no device has. */
async function untilOpenEverywhere(stage: Stage): Promise<void> {
  const deadline = Date.now() + 2 * staleClosedWithinMs;
  const names = stage.cluster.pushNodes.map(({ name }) => name);
  while (Date.now() < deadline) {
    const counts = await Promise.all(names.map((name) => stage.connectionsOf(name)));
    const sum = counts.reduce((all, count) => all + count, 0);
    if (sum === stage.users.length) return;
    await stage.wait(pollMs);
  }
}
