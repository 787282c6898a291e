// Rows in which Redis forgets, dies, or remembers the past.
import { isAnswering } from '../../../tools/services/port.ts';
import type { History } from '../history.ts';
import { atLeast, atMostMs, none, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const rebuiltWithinMs = 3_000;
/** What "the routes are there" means for those who wait; a busy machine is slow, too. */
const routedP99Ms = 1_000;
const deliveryP99Ms = 5_000;
const downMs = 60_000;
const onlineWithinMs = 20_000;
const leaseGoneMs = 12_000;

export const redisRows: readonly Row[] = [
  {
    row: '9',
    broken: 'Redis FLUSHALL under load',
    outcome: 'POST keeps 202; routes rebuilt ≤ 3 s; p99 delivery < 5 s',
    seconds: 20,
    quickSeconds: 5,
    run: async (stage) => {
      await stage.moment(0, 3_000);
      await stage.cluster.services.redis.flush();
      stage.mark('lost');
      await stage.wait(8_000, 3_000);
    },
    judge: (history, stage) => [...onlyAccepted(history), ...rebuilt(history, stage)],
  },
  {
    row: '10',
    broken: 'Redis kill -9, down 60 s, back empty',
    outcome: 'no 5xx; delivery by asking all nodes',
    seconds: 75,
    messagesPerSecond: 60,
    run: async (stage) => {
      await stage.moment(500, 2_000);
      const { redis } = stage.cluster.services;
      await redis.kill();
      stage.mark('killed');
      await stage.wait(downMs);
      await redis.restart();
      stage.mark('back');
    },
    judge: (history, stage) => [
      ...onlyAccepted(history),
      atMostMs(
        'p99 while it was down',
        history.p99Between(stage.at('killed'), stage.at('back')),
        routedP99Ms,
      ),
      atMostMs('longest delay', history.longestMs, onlineWithinMs),
      atLeast('delivered live, share', history.parts.liveShare, 0.95),
    ],
  },
  {
    row: '11',
    broken: 'Redis restored from an old dump (seconds old; older than every lease)',
    outcome: 'dead incarnations ignored; living nodes notice by their lease token and register again ≤ 3 s',
    seconds: 45,
    run: async (stage) => {
      await restoreAfter(stage, 5_000);
      stage.mark('lost');
      await stage.wait(8_000);
      await restoreAfter(stage, leaseGoneMs);
      stage.mark('lostAgain');
      await stage.wait(6_000);
    },
    judge: (history, stage) => [
      ...onlyAccepted(history),
      ...rebuilt(history, stage),
      atMostMs(
        'p99 3 s after the older dump',
        history.p99Between(stage.at('lostAgain') + rebuiltWithinMs, Infinity),
        routedP99Ms,
      ),
    ],
  },
];

/** A dump, a node that changes its incarnation after it, and the dump is the truth again. */
async function restoreAfter(stage: Stage, ageMs: number): Promise<void> {
  const { redis } = stage.cluster.services;
  const isSaved = await isAnswering({ port: redis.port, send: 'SAVE\r\n', expect: '+OK' });
  if (!isSaved) throw new Error('Redis has not written a dump');
  const node = stage.app('push-2');
  await node.kill('SIGKILL');
  await node.restart();
  await stage.wait(ageMs);
  await redis.restart();
  const isEmpty = await isAnswering({ port: redis.port, send: 'DBSIZE\r\n', expect: ':0\r' });
  if (isEmpty) throw new Error('Redis has read no dump');
}

function onlyAccepted(history: History) {
  const refused = history.refusedInAll;
  return [none('POSTs not answered with 202', refused)];
}

function rebuilt(history: History, stage: Stage) {
  const from = stage.at('lost');
  return [
    atMostMs(
      'p99 of what came within 3 s of it',
      history.p99Between(from, from + rebuiltWithinMs),
      deliveryP99Ms,
    ),
    atMostMs('p99 from 3 s after it', history.p99Between(from + rebuiltWithinMs, from + 8_000), routedP99Ms),
  ];
}
