// The row that lasts: faults of a safe list, one after the other at random, with everything in the traffic.
// Ends early when somebody interrupts it, and says so.
import type { Row } from '../row.ts';
import { atLeast, none } from '../row.ts';
import { heal, type Stage } from '../stage.ts';
import { Watch } from '../watch.ts';
import { collectRows } from './collect.ts';
import { dispatchRows } from './dispatch.ts';
import { manyRows } from './many.ts';
import { memoryRows } from './memory.ts';
import { natsRows } from './nats.ts';
import { pushRows } from './push.ts';
import { redisRows } from './redis.ts';
import { rollingRows } from './rolling.ts';
import { storeRows } from './store.ts';

/**
 * Rows that need nothing but the cluster, heal within a minute and promise everything to everybody. Not those
 * that take something away on purpose, and not 23: it says nothing that the others do not.
 */
const safe = '1 2 3 4 5 5b 6 7 9 10 11 12 13 14 15 16 17 18 19 28 33 34'.split(' ');
const candidates = [
  ...[...collectRows, ...dispatchRows, ...pushRows, ...redisRows, ...natsRows, ...storeRows],
  ...[...rollingRows, ...manyRows, ...memoryRows],
].filter(({ row }) => safe.includes(row));

const openTimeoutMs = 120_000;
const calmMs = 10_000;
/** Whoever goes has gone by then. */
const homeMs = 1_000;
/** What faults held up is posted after them; what is left then is not posted any more. */
const lastPostsMs = 5_000;
const messagesMin = 1_000_000;
const promisedSeconds = 3_600;
/** A row that takes longer than what is left is not begun. */
const lastRowMs = 60_000;

export const soakRows: readonly Row[] = [
  {
    row: '37',
    broken: 'soak: random rows of a safe list one after the other, with topics and `all` in the traffic',
    outcome: '≥ 1 M messages in an hour, 0 violations',
    seconds: promisedSeconds,
    quickSeconds: 120,
    sockets: 300,
    messagesPerSecond: 300,
    manyPerSecond: 0.5,
    isSoak: true,
    run: async (stage) => {
      const watch = Watch.over(stage);
      try {
        await soak(stage, watch);
      } finally {
        watch.stop();
      }
    },
    judge: (history, { options, notes }) => {
      const isWhole = options.seconds >= promisedSeconds && !options.isQuick && notes['early'] !== 1;
      return [
        atLeast('faults', notes['faults'] ?? 0, 1),
        none('faults that could not be carried out', notes['failed'] ?? 0),
        ...(isWhole ? [atLeast('messages', history.verdict.acknowledged, messagesMin)] : []),
        none('answers other than 202 and 503 + Retry-After', history.wrongAnswers),
        none('ended early', notes['early'] ?? 0),
      ];
    },
  },
];

async function soak(stage: Stage, watch: Watch): Promise<void> {
  const { seconds, interrupted } = stage.options;
  const until = Date.now() + seconds * 1_000;
  const isOver = () => interrupted?.aborted === true;
  while (Date.now() + lastRowMs < until && !isOver()) {
    const row = candidates[Math.floor(stage.random() * candidates.length)] as Row;
    watch.now = `row ${row.row}: ${row.broken}`;
    await oneFault(stage, row);
    watch.now = 'nothing is broken';
    await calm(stage);
  }
  while (Date.now() < until && !isOver()) await stage.wait(1_000);
  if (isOver()) {
    stage.notes['early'] = 1;
    stage.options.say('ended early: what there is by now is judged');
  }
  const status = await stage.poster.wait(({ isDone }) => isDone, lastPostsMs);
  if (!status?.isDone) stage.poster.tell({ kind: 'stop' });
}

async function oneFault(stage: Stage, row: Row): Promise<void> {
  stage.count('faults');
  try {
    await row.prepare?.(stage);
    if (row.prepare) await goHome(stage);
    await row.run(stage);
  } catch (error) {
    // The promises are judged all the same; what went wrong is told now.
    stage.count('failed');
    stage.options.say(`row ${row.row} could not be carried out: ${String(error)}`);
  } finally {
    await heal(stage.cluster);
    stage.fleet.tell({ kind: 'return' });
    stage.fleet.tell({ kind: 'hold', isHolding: false });
  }
}

async function calm(stage: Stage): Promise<void> {
  await goHome(stage);
  await stage.wait(calmMs, 1_000);
}

/** Everybody is where rows expect them: each node has its sockets, the first Collect its requests. */
async function goHome(stage: Stage): Promise<void> {
  await allOpen(stage);
  stage.poster.tell({ kind: 'first' });
  stage.fleet.tell({ kind: 'home' });
  await stage.wait(homeMs);
  await allOpen(stage);
}

function allOpen(stage: Stage): Promise<unknown> {
  const all = stage.users.length;
  return stage.fleet.until(({ open }) => open === all, openTimeoutMs, 'all sockets open');
}
