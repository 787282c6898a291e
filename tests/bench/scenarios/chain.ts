// Unicast through the whole chain, single POSTs and batches: what a delivered message costs, acks included.
import { CarillonRig, storeName } from '../carillon-rig.ts';
import { type Absent, type Contestant, contest } from '../contest.ts';
import { costBars, courseTable, ratioOf } from '../course-table.ts';
import { PeerRig, peerRig } from '../peer-rig.ts';
import { startNchan } from '../peers/nchan.ts';
import { startRaw, startSocketIo } from '../peers/peer.ts';
import type { Bench, Outcome, Scenario } from '../scenario.ts';

const producers = 64;
const batch = 100;
const batchProducers = 4;
const sockets = 5_000;
const sizes = {
  full: { singles: 15_000, batched: 60_000 },
  quick: { singles: 5_000, batched: 20_000 },
};
const names = {
  floor: 'ws.send(JSON)',
  single: 'Carillon, single POSTs',
  batch: 'Carillon, batches of 100',
  socketSingle: 'socket.io, single POSTs',
  socketBatch: 'socket.io, batches of 100',
  nchan: 'nchan, single POSTs',
} as const;
const noStore = 'store, acknowledge, resume; no token';

export const chain: Scenario = {
  name: 'chain',
  title: 'Whole chain, one user at a time',
  about: `Each message goes to one of ${sockets.toLocaleString('en-US')} users in turns, each with a socket:
HTTP, store, routes, bus, socket, acknowledgement. Once with single POSTs of ${producers}
producers and once with batches of ${batch}. *ws.send(JSON)* is the floor: the last hop alone,
nothing posted.`,
  seconds: { quick: { fixed: 25, perRound: 4 }, full: { fixed: 32, perRound: 8 } },
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const size = bench.isQuick ? sizes.quick : sizes.full;
  const absent: Absent[] = [];
  const contestants = await contestantsOf(bench, size, absent);
  const courses = await contest(contestants, bench);
  return {
    setting: [
      `${size.singles.toLocaleString('en-US')} single messages of ${producers} producers and`,
      `${size.batched.toLocaleString('en-US')} in batches of ${batch} of ${batchProducers} producers`,
      'per round; data of about 120 bytes. Acknowledged as the SDK does, after 16 messages or 100 ms.',
      'Store: MongoDB, one member, majority and journal. mongod in brackets is not in the sum.',
    ],
    tables: [courseTable(courses, { name: names.floor, caption: '' })],
    plots: [
      costBars(courses, 'chain', 'Whole chain, unicast: CPU µs per delivered message (without mongod)'),
    ],
    budgets: [
      {
        what: 'batches of 100',
        figure: ratioOf(courses, names.batch, names.floor),
        unit: '× ws.send(JSON)',
        atMost: 2.1,
        kind: 'ratio',
      },
      {
        what: 'single POSTs',
        figure: ratioOf(courses, names.single, names.floor),
        unit: '× ws.send(JSON)',
        atMost: 5.8,
        kind: 'ratio',
      },
    ],
    absent,
  };
}

async function contestantsOf(
  bench: Bench,
  { singles, batched }: { singles: number; batched: number },
  absent: Absent[],
): Promise<Contestant[]> {
  const single = { users: sockets, messages: singles, batch: 1, workers: producers };
  const many = { users: sockets, messages: batched, batch, workers: batchProducers };
  const raw = new PeerRig(bench, await startRaw(bench.pins, 'json'));
  await raw.open(sockets);
  const ours = await CarillonRig.start(bench);
  await ours.open({ count: sockets, ackEvery: 16, ackMs: 100 });
  const socketIo = new PeerRig(bench, await startSocketIo(bench.pins));
  await socketIo.open(sockets);
  const nchan = await peerRig(bench, 'nchan', () => startNchan(bench.pins, { buffer: 10, first: 'newest' }));
  const contestants: Contestant[] = [
    {
      name: names.floor,
      lacks: `take POSTs, ${noStore}`,
      round: () => raw.unicast(batched),
    },
    {
      name: names.batch,
      lacks: '',
      besides: [storeName],
      round: () => ours.round(many),
    },
    { name: names.socketBatch, lacks: noStore, round: () => socketIo.round(many) },
    { name: names.single, lacks: '', besides: [storeName], round: () => ours.round(single) },
    {
      name: names.socketSingle,
      lacks: noStore,
      round: () => socketIo.round(single),
    },
  ];
  if (!(nchan instanceof PeerRig)) {
    absent.push(nchan);
    return contestants;
  }
  await nchan.open(sockets);
  contestants.push({
    name: names.nchan,
    lacks: 'store beyond its memory, acknowledge; no token, one process',
    round: () => nchan.round({ ...single, style: 'nchan' }),
  });
  return contestants;
}
