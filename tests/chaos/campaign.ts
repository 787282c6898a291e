// Several rows, one after the other, on one cluster that is healed between them.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, startCluster } from '../../tools/cluster/cluster.ts';
import { table } from '../fleet/figure.ts';
import { type Outcome, perform } from './performance.ts';
import type { Row } from './row.ts';

/** The size of a run, and where it writes its logs. */
export interface Scale {
  readonly seed: number;
  /** Instead of the rows' own figures. */
  readonly sockets?: number | undefined;
  readonly messages?: number | undefined;
  /** Of a soak. */
  readonly minutes?: number | undefined;
  /** Somebody wants it to end before its time; what there is by then is judged. */
  readonly interrupted?: AbortSignal;
  /** Short and small, for CI: what only takes time is shortened. */
  readonly isQuick: boolean;
  readonly folder: string;
  readonly say: (text: string) => void;
}

export interface Campaign {
  readonly outcomes: readonly Outcome[];
  /** Rows that could not be carried out, and why. */
  readonly failures: readonly string[];
}

const socketsDefault = 300;
const quickSocketsMax = 150;
const perSecondDefault = 100;
const batchShare = 0.1;
/** The poster must not be what limits the rate. */
const soakBatchShare = 0.5;
/** Of an error, in the last lines. */
const wordsMax = 300;

/** What every row is run on: 1 Auth, 2 Collect, 2 Dispatch, 3 Push, MongoDB with three members. */
export function openCluster(folder: string): Promise<Cluster> {
  return startCluster({
    collects: 2,
    dispatches: 2,
    pushNodes: 3,
    members: 3,
    onLine: (name, line) => appendFileSync(join(folder, `${name}.log`), `${line}\n`),
  });
}

export async function carryOut(
  rows: readonly Row[],
  scale: Scale,
  onOutcome: (outcome: Outcome) => void,
): Promise<Campaign> {
  const { say } = scale;
  const cluster = await openCluster(scale.folder);
  const outcomes: Outcome[] = [];
  const failures: string[] = [];
  try {
    for (const row of rows) {
      say(`row ${row.row}: ${row.broken}`);
      try {
        const outcome = await performOn(cluster, row, scale);
        outcomes.push(outcome);
        onOutcome(outcome);
      } catch (error) {
        const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
        failures.push(`row ${row.row}: ${words.slice(0, wordsMax)}`);
        say(words);
      }
    }
  } finally {
    await cluster.stop();
  }
  return { outcomes, failures };
}

/** One row, and its table. @throws Error when it could not be carried out */
export async function performOn(cluster: Cluster, row: Row, scale: Scale): Promise<Outcome> {
  const { isQuick, seed, folder, say, interrupted } = scale;
  const seconds = secondsOf(row, scale);
  const messages = scale.messages ?? (row.messagesPerSecond ?? perSecondDefault) * seconds;
  const sockets = scale.sockets ?? row.sockets ?? socketsDefault;
  const outcome = await perform(row, {
    ...{ cluster, seed, messages, seconds, isQuick, folder, say, interrupted },
    prefix: `r${row.row}s${seed}`,
    sockets: isQuick ? Math.min(sockets, quickSocketsMax) : sockets,
    messagesPerSecond: messages / seconds,
    manyPerSecond: row.manyPerSecond ?? 0,
    batchShare: row.isSoak ? soakBatchShare : batchShare,
    tokenTtlS: row.tokenTtlS,
  });
  say(table(`row ${row.row}, seed ${seed}`, outcome.figures));
  return outcome;
}

function secondsOf({ seconds, quickSeconds = seconds, isSoak = false }: Row, scale: Scale): number {
  if (isSoak && scale.minutes !== undefined) return scale.minutes * 60;
  return scale.isQuick ? quickSeconds : seconds;
}
