// Runs one row on a cluster: traffic, fault, heal, and the checker over what everybody wrote down.
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Seen } from '../fleet/checker.ts';
import type { Figure } from '../fleet/figure.ts';
import { eachLine } from '../fleet/fleet-log.ts';
import { Ledger } from '../fleet/ledger.ts';
import type { Posted } from '../fleet/poster.ts';
import { dumpStore } from './dump.ts';
import { History } from './history.ts';
import { atMostMs, none, type Row } from './row.ts';
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
/** Where something was lost on purpose nobody knows how much is to come; anti-entropy is round by then. */
const quietMs = 20_000;
const lookEveryMs = 100;
const postedTimeoutMs = 180_000;
/** Of all messages, before anything is broken; not more than a few seconds' worth. */
const warmShare = 0.05;
const warmMaxS = 3;
/** The last acks reach the metrics. */
const metricsSettleMs = 700;

/** @throws Error when the run itself could not be carried out; the cluster is healed all the same */
export async function perform(row: Row, options: StageOptions): Promise<Outcome> {
  const { cluster } = options;
  const stage = new Stage(options);
  const { scraper } = stage;
  try {
    await row.prepare?.(stage);
    await stage.openSockets();
    await scraper.start();
    stage.startPosting();
    const warm = Math.min(options.messages * warmShare, options.messagesPerSecond * warmMaxS);
    await stage.poster.until(({ accepted }) => accepted >= warm, postedTimeoutMs, 'traffic');
    await row.run(stage);
    await heal(cluster);
    return conclude(stage, row, await ending(stage, row));
  } finally {
    await scraper.stop();
    await heal(cluster);
    await stage.end();
  }
}

/** Everything is healed: what is still to come comes, then everybody stops. */
async function ending(stage: Stage, row: Row): Promise<Ended> {
  const { options, logs, scraper } = stage;
  const { expects = [] } = row;
  const healedAt = Date.now();
  const poster = await stage.poster.until(({ isDone }) => isDone, postedTimeoutMs, 'everything posted');
  const ledger = new Ledger(eachLine<Posted>(logs.poster));
  const backlogMs = await drained(stage, ledger, { healedAt, isLossy: expects.includes('loss') });
  await sleep(metricsSettleMs);
  await scraper.stop();
  stage.fleet.tell({ kind: 'stop' });
  await stage.fleet.ended;
  const isLost = (number: number) => stage.isLost(ledger.answeredAt(number));
  const isPurged = expects.includes('purge');
  const { url } = options.cluster.services.mongo;
  const history = new History({
    ledger,
    poster,
    expects,
    lost: stage.lost,
    seen: eachLine<Seen>(logs.fleet),
    store: await dumpStore(url, `${options.prefix}-`, { ledger, isLost, isPurged }),
    liveShare: scraper.shares().live,
  });
  return { history, backlogMs };
}

/** @returns how long after healing, or after the last POST if that was later, the last delivery came */
async function drained(
  stage: Stage,
  ledger: Ledger,
  { healedAt, isLossy }: { readonly healedAt: number; readonly isLossy: boolean },
): Promise<number> {
  const promised = isLossy ? Number.POSITIVE_INFINITY : stage.promisedBy(ledger);
  const since = Math.max(healedAt, ledger.answeredAt(ledger.size - 1));
  let got = -1;
  let grownAt = Date.now();
  while (got < promised && Date.now() < grownAt + (isLossy ? quietMs : settleMs)) {
    await sleep(lookEveryMs);
    const status = await stage.fleet.wait(() => true, lookEveryMs);
    if (status === undefined || status.got <= got) continue;
    got = status.got;
    grownAt = Date.now();
  }
  const isOver = isLossy || got >= promised;
  return Math.max(0, (isOver ? grownAt : Date.now()) - since);
}

function conclude(stage: Stage, row: Row, { history, backlogMs }: Ended): Outcome {
  const promises = promisesOf(history);
  const bounds = [
    atMostMs('backlog empty after', backlogMs, backlogMaxMs),
    ...(row.judge?.(history, stage) ?? []),
  ];
  return {
    row,
    history,
    seed: stage.options.seed,
    figures: [...factsOf(stage, history), ...promises, ...bounds],
    isKept: promises.every(({ ok }) => ok),
    isBoundHeld: bounds.every(({ ok }) => ok !== false),
  };
}

function factsOf({ options }: Stage, history: History): Figure[] {
  const { verdict, parts } = history;
  return [
    { what: 'messages to be sent', is: options.messages },
    { what: 'acknowledged with 202', is: verdict.acknowledged },
    { what: 'deliveries promised', is: verdict.deliveries },
    ...Object.entries(parts.poster.refusals).map(([what, is]) => ({ what: `POSTs not taken: ${what}`, is })),
    { what: 'again on the wire before its ack', is: verdict.again },
    { what: 'longest delay after the 202, ms', is: history.longestMs },
    { what: 'delivered live, %', is: Math.round(parts.liveShare * 10_000) / 100 },
    { what: 'acceptance time off by, ms', is: Math.round(verdict.stampOffMs) },
    { what: 'load of the machine, last minute', is: Math.round(loadavg()[0] ?? 0) },
  ];
}

function promisesOf(history: History): Figure[] {
  const { verdict, parts } = history;
  return [
    none('missing (I2)', verdict.missing),
    none('again after its ack (I9)', verdict.againAfterAck),
    none('more than a window again (I9)', verdict.beyondWindow),
    none('out of order (I6, I7)', verdict.outOfOrder),
    none('something left out (I8)', verdict.jumps),
    none('moved to another place (I4)', verdict.moved),
    none('at somebody else (I5)', verdict.strange),
    none('resumes denied (I16)', history.gaps),
    none('skipped without a reason (I2)', history.skipped),
    none('holes in the store (I8)', parts.store.holes),
    none('acknowledged and not in the store (I1)', parts.store.lost),
    none('twice in a log (I10)', parts.store.doubles),
  ];
}
