// Acknowledgements alone: messages are delivered first, unacknowledged; then all sockets acknowledge one in
// ten of them.
import { setTimeout as sleep } from 'node:timers/promises';
import { CarillonRig, patientEnv, storeName } from '../carillon-rig.ts';
import { contest, type Sample } from '../contest.ts';
import { costBars, courseTable, ratioOf } from '../course-table.ts';
import type { LoadClient } from '../load-client.ts';
import { PeerRig } from '../peer-rig.ts';
import { startRaw } from '../peers/peer.ts';
import { CpuMeter, type Processes, residentMiB } from '../process-figures.ts';
import { machine } from '../reference-machine.ts';
import type { Bench, Outcome, Scenario } from '../scenario.ts';

const sockets = 5_000;
const step = 10;
const ackedMs = 60_000;
/** Longer than receipts wait to be written. */
const writtenMs = 800;
const floor = 'ws.send(JSON)';
const ours = 'Carillon, one ack per 10';
const budgetMicros = 2;

export const acks: Scenario = {
  name: 'acks',
  title: 'Acknowledgements',
  about: `Messages are delivered to ${sockets.toLocaleString('en-US')} sockets and held unacknowledged; then
each socket acknowledges one in ${step}, cumulatively, as fast as it can. Counted from the first
acknowledgement until the receipts are in the store. Beside it a bare \`ws\` server that puts each
acknowledgement through \`JSON.parse\` and forgets it.`,
  seconds: { quick: { fixed: 15, perRound: 6 }, full: { fixed: 20, perRound: 7 } },
  run,
};

const there = machine.unicastMicros;

async function run(bench: Bench): Promise<Outcome> {
  const each = bench.isQuick ? 20 : 30;
  const messages = each * sockets;
  const raw = new PeerRig(bench, await startRaw(bench.pins, 'json'));
  await raw.open(sockets);
  const rig = await CarillonRig.start(bench, { env: patientEnv });
  await rig.open({ count: sockets, ackEvery: 0, ackMs: 0 });
  const deliver = { users: sockets, messages, batch: 100, workers: 4 };
  const courses = await contest(
    [
      { name: floor, lacks: 'is the unit of the budget', round: () => raw.unicast(messages) },
      {
        name: ours,
        lacks: '',
        besides: [storeName],
        round: async () => {
          await rig.round(deliver);
          return acknowledged(rig.load, rig.processes(), messages);
        },
      },
      {
        name: 'ws, JSON.parse of each ack',
        lacks: 'check it, move a cursor, write a receipt',
        // Of what the round of the floor has delivered.
        round: () => acknowledged(raw.load, raw.peer.processes(), messages),
      },
    ],
    bench,
  );
  return {
    setting: [
      `${each} messages per socket and round. Store: MongoDB, one member; mongod in brackets is not in`,
      'the sum. The row of the floor is its deliveries, for scale.',
    ],
    tables: [courseTable(courses, { name: floor, caption: '' })],
    plots: [costBars(courses, 'acks', 'Acknowledgements: CPU µs per acknowledged message (without mongod)')],
    budgets: [
      {
        what: `per message at one ack per ${step} (${budgetMicros} µs where ${floor} costs ${there})`,
        figure: ratioOf(courses, ours, floor),
        unit: `× ${floor}`,
        atMost: budgetMicros / machine.unicastMicros,
        kind: 'ratio',
      },
    ],
    absent: [],
  };
}

async function acknowledged(load: LoadClient, processes: Processes, messages: number): Promise<Sample> {
  load.reset();
  await load.until(() => true, ackedMs, 'counts from zero');
  const meter = new CpuMeter(processes);
  const client = load.micros;
  const began = performance.now();
  load.ack(step);
  await load.until(({ acks: sent }) => sent >= messages / step, ackedMs, 'all acknowledged');
  const seconds = (performance.now() - began) / 1000;
  await sleep(writtenMs);
  return {
    micros: new Map([...meter.used()].map(([name, used]) => [name, used / messages])),
    clientMicros: (load.micros - client) / messages,
    perSecond: messages / seconds,
    mib: residentMiB(processes),
  };
}
