// Rows in which the store loses its primary, its majority, or a connection in the middle of an insert.
import { readFileSync } from 'node:fs';
import type { MongoMember } from '../../../tools/services/mongo.ts';
import type { Cable } from '../../fleet/cable.ts';
import type { History } from '../history.ts';
import { atLeast, atMost, atMostMs, none, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const downMs = 30_000;
/** Five seconds of the deadline, and half a one for the way on a busy machine. */
const refusedWithinMs = 5_500;
const refusedUnsureWithinMs = 6_000;
const growthMaxMiB = 200;
const cuts = 6;
const cutMs = 200;
const partitionMs = 20_000;
const isolated = 'push-3';
const cables = new WeakMap<Stage, Cable>();

export const storeRows: readonly Row[] = [
  {
    row: '14',
    broken: 'store primary of three kill -9, twice',
    outcome: '503 + Retry-After in the window; no 202 lost; no (log, seq) ever changes its id',
    seconds: 40,
    run: async (stage) => {
      const { mongo } = stage.cluster.services;
      for (let round = 0; round < 2; round++) {
        await stage.moment(500, 3_000);
        const primary = await mongo.primary();
        await primary.kill();
        await stage.wait(8_000);
        await primary.restart();
        await mongo.primary();
      }
    },
    judge: (history) => [...onlyTold(history)],
  },
  {
    row: '15',
    broken: 'store down 30 s',
    outcome: '503 ≤ 5 s, bounded queue, flat memory; sockets stay; then resumes',
    seconds: 50,
    run: async (stage) => {
      await stage.moment(500, 2_000);
      const { members } = stage.cluster.services.mongo;
      const before = memoryOf(stage);
      stage.mark('from');
      await Promise.all(members.map((member) => member.kill()));
      await stage.wait(downMs);
      stage.notes['growth'] = memoryOf(stage) - before;
      await Promise.all(members.map((member) => member.restart()));
      stage.mark('to');
    },
    judge: (history, stage) => {
      const ended = history
        .endings()
        .filter(({ at }) => at >= stage.at('from') && at <= stage.at('to')).length;
      return [
        ...onlyTold(history),
        atMostMs('slowest 503', history.parts.poster.slowestRefusalMs, refusedWithinMs),
        atMost('growth of Collects and nodes, MiB', stage.notes['growth'] ?? Number.NaN, growthMaxMiB),
        none('sockets that ended meanwhile', ended),
      ];
    },
  },
  {
    row: '16',
    broken:
      'unknown outcome: the connection cut after inserts were sent; both secondaries paused; same-key retry',
    outcome: 'no 202 until confirmed, 503 ≤ 6 s; no hole afterwards',
    seconds: 30,
    quickSeconds: 8,
    prepare: async (stage) => {
      const primary = await stage.cluster.services.mongo.primary();
      await throughCable(stage, 'collect-1', primary);
    },
    run: async (stage) => {
      for (let round = 0; round < (stage.options.isQuick ? 2 : cuts); round++) {
        await stage.moment(200, 900);
        cableOf(stage).cut();
        await stage.wait(cutMs);
        cableOf(stage).mend();
      }
      await stage.moment(500, 1_500);
      const secondaries = await secondariesOf(stage);
      for (const member of secondaries) member.pause();
      await stage.wait(8_000, 6_500); // longer than the deadline of a POST
      for (const member of secondaries) member.resume();
      await stage.cluster.services.mongo.primary();
      await stage.wait(2_000, 500);
    },
    judge: (history) => [
      ...onlyTold(history),
      atLeast('503 while it was unsure', history.refused('503'), 1),
      atMostMs('slowest 503', history.parts.poster.slowestRefusalMs, refusedUnsureWithinMs),
    ],
  },
  {
    row: '18',
    broken: 'partition Push ↔ store 20 s',
    outcome: 'live delivery continues while contiguous; a gap waits; never skips',
    seconds: 35,
    messagesPerSecond: 60,
    prepare: async (stage) => {
      const primary = await stage.cluster.services.mongo.primary();
      await throughCable(stage, isolated, primary);
    },
    run: async (stage) => {
      await stage.moment(500, 1_500);
      stage.mark('from');
      cableOf(stage).freeze('up', 'down');
      await stage.wait(partitionMs);
      stage.mark('to');
      cableOf(stage).mend();
      await stage.wait(2_000);
    },
    judge: (history, stage) => {
      const live = history.shareWithin(1_000, stage.at('from'), stage.at('to'));
      const ended = history
        .endings()
        .filter(({ at }) => at >= stage.at('from') && at <= stage.at('to')).length;
      return [
        atLeast('delivered within a second meanwhile, share', live, 0.9),
        none('sockets that ended meanwhile', ended),
      ];
    },
  },
];

/** A driver that is not to look for the other members goes through the cable for everything. */
async function throughCable(stage: Stage, name: string, member: MongoMember): Promise<void> {
  const cable = await stage.cable(member.port);
  cables.set(stage, cable);
  const url = `mongodb://127.0.0.1:${cable.port}/?replicaSet=rs0&directConnection=true`;
  await stage.app(name).restart({ env: { MONGO_URL: url } });
  if (cable.openAtServer === 0) throw new Error(`${name} goes around the cable`);
}

function cableOf(stage: Stage): Cable {
  const cable = cables.get(stage);
  if (!cable) throw new Error('the row has no cable');
  return cable;
}

async function secondariesOf(stage: Stage): Promise<MongoMember[]> {
  const { members, primary } = stage.cluster.services.mongo;
  const first = await primary();
  return members.filter((member) => member !== first);
}

function onlyTold(history: History) {
  const wrong = history.wrongAnswers;
  return [none('answers other than 202 and 503 + Retry-After', wrong)];
}

/** Resident, of all Collects and Push nodes, in MiB. */
function memoryOf(stage: Stage): number {
  const apps = stage.cluster.processes.filter(({ name }) => /^(?:collect|push)/.test(name));
  const kib = apps.map(({ pid }) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  });
  return kib.reduce((sum, each) => sum + each, 0) / 1024;
}
