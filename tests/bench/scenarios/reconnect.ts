// Everybody drops and comes back at once, with three missed messages each: how long until the last has
// caught up.
import { setTimeout as sleep } from 'node:timers/promises';
import { CarillonRig, measured, storeName } from '../carillon-rig.ts';
import { type Absent, type Contestant, type Course, contest, courseOf, type Sample } from '../contest.ts';
import { costBars, courseTable, medianOf, ratioOf } from '../course-table.ts';
import type { LoadClient } from '../load-client.ts';
import { PeerRig, peerRig } from '../peer-rig.ts';
import { startNchan } from '../peers/nchan.ts';
import { startRaw, startSocketIo } from '../peers/peer.ts';
import type { Processes } from '../process-figures.ts';
import { machine } from '../reference-machine.ts';
import type { Bench, Outcome, Scenario } from '../scenario.ts';
import { medianRatio } from '../statistics.ts';

const clients = 5_000;
const missed = 3;
/** The node has seen them go. */
const goneMs = 1_500;
const acceptedMs = 60_000;
const batch = 100;
const floor = 'ws, handshake only';
const ours = 'Carillon';
const budgetMicros = 200;
const budgetMs = 1_000;

export const reconnect: Scenario = {
  name: 'reconnect',
  title: `${clients.toLocaleString('en-US')} clients come back at once`,
  about: `All connections are cut, ${missed} messages are posted for each user, and all come back in the
same moment. Done when the last one has everything; a client that is refused tries again after 100
ms, and the time counts. A *message* of this table is a client. *ws, handshake only* is the floor:
there is nothing to catch up with.`,
  seconds: { quick: { fixed: 30, perRound: 11 }, full: { fixed: 30, perRound: 11 } },
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const absent: Absent[] = [];
  const contestants = await contestantsOf(bench, absent);
  const courses = await contest(contestants, bench);
  const tries = courses.map((course) => `${course.name} ${medianOf(course, retriesOf)}`);
  return {
    setting: [
      `${missed} messages per client, posted in batches of ${batch} while it is away; positions come`,
      'from the client. Store: MongoDB, one member; mongod in brackets is not in the sum. *messages/s*',
      `is clients per second: ${clients.toLocaleString('en-US')} divided by it is the time until the`,
      `last is back. Tries again, median per round: ${tries.join(', ')}.`,
    ],
    tables: [courseTable(courses, { name: floor, caption: '' })],
    plots: [costBars(courses, 'reconnect', 'Back with what was missed: CPU µs per client (without mongod)')],
    budgets: [
      {
        what: `CPU per client (${budgetMicros} µs where a bare handshake costs ${machine.handshakeMicros})`,
        figure: ratioOf(courses, ours, floor),
        unit: `× ${floor}`,
        atMost: budgetMicros / machine.handshakeMicros,
        kind: 'ratio',
      },
      {
        what: `all back and caught up (${budgetMs} ms where bare handshakes take ${machine.handshakesMs})`,
        figure: timeRatio(courses),
        unit: `× ${floor}`,
        atMost: budgetMs / machine.handshakesMs,
        kind: 'ratio',
      },
    ],
    absent,
  };
}

function retriesOf({ extra }: Sample): number {
  return extra?.['retries'] ?? 0;
}

function timeRatio(courses: readonly Course[]): number {
  const times = (name: string) => courseOf(courses, name).samples.map(({ perSecond }) => 1 / perSecond);
  return medianRatio(times(ours), times(floor));
}

async function contestantsOf(bench: Bench, absent: Absent[]): Promise<Contestant[]> {
  const { pins } = bench;
  const raw = new PeerRig(bench, await startRaw(pins, 'json'));
  await raw.open(clients, { retry: true });
  const rig = await CarillonRig.start(bench);
  await rig.open({ count: clients, ackEvery: 16, ackMs: 100, retry: true });
  const socketIo = new PeerRig(bench, await startSocketIo(pins));
  await socketIo.open(clients, { retry: true });
  const order = { users: clients, messages: clients * missed, batch, workers: 4 };
  const contestants: Contestant[] = [
    { name: floor, lacks: 'token, store, messages', round: () => storm(raw.load, raw.peer.processes(), 0) },
    {
      name: ours,
      lacks: '',
      besides: [storeName],
      round: async () => {
        rig.load.drop();
        rig.post(order);
        await posted(rig.load);
        return storm(rig.load, rig.processes(), missed);
      },
    },
    {
      name: 'socket.io, handshake only',
      lacks: 'token, store, messages',
      round: () => storm(socketIo.load, socketIo.peer.processes(), 0),
    },
  ];
  const nchan = await peerRig(bench, 'nchan', () => startNchan(pins, { buffer: missed, first: 'oldest' }));
  if (!(nchan instanceof PeerRig)) {
    absent.push(nchan);
    return contestants;
  }
  await nchan.open(clients, { retry: true });
  const round = async () => {
    nchan.load.drop();
    nchan.load.posts({ ...order, url: nchan.peer.postUrl, batch: 1, workers: 16, style: 'nchan' });
    await posted(nchan.load);
    return storm(nchan.load, nchan.peer.processes(), missed);
  };
  const lacks = 'token, store beyond its memory; always gives the last 3';
  return [...contestants, { name: 'nchan', lacks, round }];
}

async function posted(load: LoadClient): Promise<void> {
  await load.until(({ posting }) => posting === 0, acceptedMs, 'the missed messages are accepted');
}

async function storm(load: LoadClient, processes: Processes, each: number): Promise<Sample> {
  load.drop();
  await load.until(({ open }) => open === 0, acceptedMs, 'all are gone');
  await sleep(goneMs);
  return measured({
    load,
    processes,
    deliveries: clients,
    begin: () => load.reopen({ atOnce: clients }),
    ...(each === 0 ? { until: 'open' as const } : { isBacklog: true as const }),
    isDone: ({ open, received }) => open === clients && received >= clients * each,
  });
}
