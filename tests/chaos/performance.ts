// Runs one row on a cluster: traffic, fault, heal, and the checker over what everybody wrote down.
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Seen } from '../fleet/checker.ts';
import type { Figure } from '../fleet/figure.ts';
import { readLines } from '../fleet/fleet-log.ts';
import type { Posted } from '../fleet/poster.ts';
import { Scraper } from '../fleet/scraper.ts';
import { dumpStore } from './dump.ts';
import { History } from './history.ts';
import { atMost, none, type Row } from './row.ts';
import { heal, Stage, type StageOptions } from './stage.ts';

export interface Outcome {
  readonly row: Row;
  readonly seed: number;
  readonly history: History;
  readonly figures: readonly Figure[];
  /** Every promise was kept. */
  readonly isKept: boolean;
  /** So was the row's own bound. */
  readonly isBoundHeld: boolean;
}

interface Ended {
  readonly history: History;
  readonly backlogMs: number;
}

/** I11: after healing nothing is left to deliver after so long. */
const backlogMaxMs = 30_000;
const settleMs = 60_000;
const postedTimeoutMs = 180_000;
/** Of all messages, before anything is broken. */
const warmShare = 0.05;
/** The last acks reach the metrics. */
const metricsSettleMs = 700;

/** @throws Error when the run itself could not be carried out; the cluster is healed all the same */
export async function perform(row: Row, options: StageOptions): Promise<Outcome> {
  const { cluster } = options;
  const stage = new Stage(options);
  const scraper = new Scraper(() =>
    cluster.pushNodes.map(({ name, internalUrl }) => ({ name, url: internalUrl })),
  );
  try {
    await row.prepare?.(stage);
    await stage.openSockets();
    await scraper.start();
    stage.startPosting();
    const warm = options.messages * warmShare;
    await stage.poster.until(({ accepted }) => accepted >= warm, postedTimeoutMs, 'traffic');
    await row.run(stage);
    await heal(cluster);
    const healedAt = Date.now();
    const poster = await stage.poster.until(({ isDone }) => isDone, postedTimeoutMs, 'everything posted');
    const posted = readLines<Posted>(stage.logs.poster);
    const backlogMs = await drained(stage, posted, healedAt);
    await sleep(metricsSettleMs);
    await scraper.stop();
    stage.fleet.tell({ kind: 'stop' });
    await stage.fleet.ended;
    const history = new History({
      posted,
      poster,
      seen: readLines<Seen>(stage.logs.fleet),
      store: await dumpStore(cluster.services.mongo.url, `${options.prefix}-`, posted),
      liveShare: scraper.shares().live,
    });
    return conclude(stage, row, { history, backlogMs });
  } finally {
    await scraper.stop();
    await heal(cluster);
    await stage.end();
  }
}

/** @returns how long after healing, or after the last POST if that was later, the last delivery came */
async function drained(stage: Stage, posted: readonly Posted[], healedAt: number): Promise<number> {
  const since = Math.max(healedAt, ...posted.map(({ answeredAt }) => answeredAt));
  const promised = posted.reduce((sum, one) => sum + one.users.length, 0);
  await stage.fleet.wait(({ got }) => got >= promised, settleMs);
  return Math.max(0, Date.now() - since);
}

function conclude(stage: Stage, row: Row, { history, backlogMs }: Ended): Outcome {
  const promises = promisesOf(history);
  const bounds = [
    atMost('backlog empty after, ms', backlogMs, backlogMaxMs),
    ...(row.judge?.(history, stage) ?? []),
  ];
  return {
    row,
    history,
    seed: stage.options.seed,
    figures: [...factsOf(stage, history), ...promises, ...bounds],
    isKept: promises.every(({ ok }) => ok),
    isBoundHeld: bounds.every(({ ok }) => ok),
  };
}

function factsOf({ options }: Stage, { verdict, parts, longestMs }: History): Figure[] {
  return [
    { what: 'messages sent', is: options.messages },
    { what: 'acknowledged with 202', is: verdict.acknowledged },
    { what: 'deliveries promised', is: verdict.deliveries },
    ...Object.entries(parts.poster.refusals).map(([what, is]) => ({ what: `POSTs not taken: ${what}`, is })),
    { what: 'again on the wire before its ack', is: verdict.again },
    { what: 'longest delay after the 202, ms', is: longestMs },
    { what: 'delivered live, %', is: Math.round(parts.liveShare * 10_000) / 100 },
    { what: 'load of the machine, last minute', is: Math.round(loadavg()[0] ?? 0) },
  ];
}

function promisesOf({ verdict, parts: { store } }: History): Figure[] {
  return [
    none('missing (I2)', verdict.missing),
    none('again after its ack (I9)', verdict.againAfterAck),
    none('out of order (I6, I7)', verdict.outOfOrder),
    none('moved to another place (I4)', verdict.moved),
    none('at somebody else (I5)', verdict.strange),
    none('resumes denied (I16)', verdict.gaps),
    none('holes in the store (I8)', store.holes),
    none('acknowledged and not in the store (I1)', store.lost),
    none('twice in a log (I10)', store.doubles),
  ];
}
