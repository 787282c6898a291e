// Dispatch alone: the route look-up and the hand-over to nodes, in batches and one message per hop.
import { CarillonRig } from '../carillon-rig.ts';
import { contest, costsOf, courseOf, type Sample } from '../contest.ts';
import { costBars, courseTable } from '../course-table.ts';
import { DispatchDriver } from '../dispatch-driver.ts';
import { PeerRig } from '../peer-rig.ts';
import { startRaw } from '../peers/peer.ts';
import { CpuMeter, cpuMicros, type Processes, residentMiB } from '../process-figures.ts';
import { machine } from '../reference-machine.ts';
import type { Bench, Outcome, Scenario } from '../scenario.ts';
import { medianRatio } from '../statistics.ts';

const users = 5_000;
/** As Collect does: two batches out. */
const batches = { batch: 128, inFlight: 2 };
const hops = { batch: 1, inFlight: 32 };
const floor = 'ws.send(JSON)';
const ours = 'Dispatch, batches of 128';
const budgetMicros = 2;

export const dispatch: Scenario = {
  name: 'dispatch',
  title: 'Dispatch alone',
  about: `Ready-made doorbells for ${users.toLocaleString('en-US')} users in batches of ${batches.batch},
${batches.inFlight} under way, as Collect sends them; a program plays Collect and the Push node at
the ends, nats-server and redis-server are real and not in the sum. Beside it the same Dispatch
with one message per hop, ${hops.inFlight} under way.`,
  seconds: { quick: { fixed: 12, perRound: 2 }, full: { fixed: 15, perRound: 3 } },
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const messages = bench.isQuick ? 50_000 : 100_000;
  const single = messages / 10;
  const raw = new PeerRig(bench, await startRaw(bench.pins, 'json'));
  await raw.open(users);
  const { cluster } = await CarillonRig.start(bench);
  const { nats, redis } = cluster.services;
  const driver = bench.resources.add(
    await DispatchDriver.start({ natsUrl: nats.url, redisUrl: redis.url }, users),
  );
  const pid = cluster.processes.find(({ name }) => name === 'dispatch')?.pid ?? 0;
  const processes: Processes = new Map([
    ['dispatch', [pid]],
    ['nats', [nats.pid]],
    ['redis', [redis.pid]],
  ]);
  const besides = ['nats', 'redis'];
  const courses = await contest(
    [
      { name: floor, lacks: 'is the unit of the budget', round: () => raw.unicast(messages) },
      { name: ours, lacks: '', besides, round: () => driven({ driver, processes, messages }, batches) },
      {
        name: 'Dispatch, one message per hop',
        lacks: 'batch',
        besides,
        round: () => driven({ driver, processes, messages: single }, hops),
      },
    ],
    bench,
  );
  const figure = medianRatio(costsOf(courseOf(courses, ours)), costsOf(courseOf(courses, floor)));
  return {
    setting: [
      `${messages.toLocaleString('en-US')} doorbells per round. The load client is the program at the`,
      'ends.',
    ],
    tables: [courseTable(courses, { name: floor, caption: '' })],
    plots: [costBars(courses, 'dispatch', 'Dispatch alone: CPU µs per message')],
    budgets: [
      {
        what: `Dispatch per message (${budgetMicros} µs where ${floor} costs ${machine.unicastMicros})`,
        figure,
        unit: `× ${floor}`,
        atMost: budgetMicros / machine.unicastMicros,
        kind: 'ratio',
      },
    ],
    absent: [],
  };
}

interface Drive {
  readonly driver: DispatchDriver;
  readonly processes: Processes;
  readonly messages: number;
}

async function driven(
  { driver, processes, messages }: Drive,
  way: Parameters<DispatchDriver['send']>[1],
): Promise<Sample> {
  const meter = new CpuMeter(processes);
  const own = cpuMicros(process.pid);
  const began = performance.now();
  await driver.send(messages, way);
  const seconds = (performance.now() - began) / 1000;
  return {
    micros: new Map([...meter.used()].map(([name, used]) => [name, used / messages])),
    clientMicros: (cpuMicros(process.pid) - own) / messages,
    perSecond: messages / seconds,
    mib: residentMiB(processes),
  };
}
