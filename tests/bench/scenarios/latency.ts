// From the POST to the page at half of what the machine can do: single POSTs and batches, beside one
// majority commit.
import { MongoClient } from 'mongodb';
import { CarillonRig, storeName } from '../carillon-rig.ts';
import { type Contestant, contest, courseOf } from '../contest.ts';
import { courseTable, medianOf } from '../course-table.ts';
import { PeerRig } from '../peer-rig.ts';
import { startSocketIo } from '../peers/peer.ts';
import type { Bench, Outcome, Scenario } from '../scenario.ts';
import { median } from '../statistics.ts';
import { figure } from '../table.ts';

const sockets = 5_000;
const single = { batch: 1, workers: 64 };
const many = { batch: 100, workers: 8 };
const commits = 200;
const roundsMax = 3;
const names = {
  single: 'Carillon, single POSTs',
  batch: 'Carillon, batches of 100',
  socketIo: 'socket.io, single POSTs',
};
const singleMs = 25;
const batchMs = 50;

export const latency: Scenario = {
  name: 'latency',
  title: 'Latency at half of the limit',
  about: `First how fast each is when nobody waits; then half of that, evenly, and how long a message takes
from the moment it should have been posted until the socket has it. The budget adds one majority
commit of this disk: the median of ${commits} inserts, one after the other.`,
  seconds: { quick: { fixed: 20, perRound: 8 }, full: { fixed: 30, perRound: 10, roundsMax } },
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const seconds = bench.isQuick ? 2 : 3;
  const ours = await CarillonRig.start(bench);
  await ours.open({ count: sockets, ackEvery: 16, ackMs: 100 });
  const socketIo = new PeerRig(bench, await startSocketIo(bench.pins));
  await socketIo.open(sockets);
  const paced = async (
    rig: CarillonRig | PeerRig,
    order: typeof single,
    probe: number,
  ): Promise<Contestant['round']> => {
    const { perSecond } = await rig.round({ ...order, users: sockets, messages: probe });
    const rate = Math.max(order.batch, Math.round(perSecond / 2));
    const messages = Math.ceil((rate * seconds) / order.batch) * order.batch;
    bench.progress.say(`half of the limit is ${Math.round(rate)}/s`);
    return () => rig.round({ ...order, users: sockets, messages, perSecond: rate });
  };
  await ours.round({ ...many, users: sockets, messages: 20_000 });
  const besides = [storeName];
  const courses = await contest(
    [
      { name: names.single, lacks: '', besides, round: await paced(ours, single, 15_000) },
      { name: names.batch, lacks: '', besides, round: await paced(ours, many, 60_000) },
      {
        name: names.socketIo,
        lacks: 'store, acknowledge, resume; no token',
        round: await paced(socketIo, single, 15_000),
      },
    ],
    { ...bench, rounds: Math.min(bench.rounds, roundsMax) },
  );
  const commitMs = await majorityCommitMs(ours.cluster.services.mongo.url);
  const p99 = (name: string) => medianOf(courseOf(courses, name), ({ p99Ms = Number.NaN }) => p99Ms);
  return {
    setting: [
      `${sockets.toLocaleString('en-US')} sockets, ${seconds} s per round, at most ${roundsMax} rounds.`,
      `One majority commit: ${figure(commitMs)} ms. Store: MongoDB, one member. Acknowledged after 16`,
      'messages or 100 ms. p99 is the median of the rounds.',
    ],
    tables: [courseTable(courses, { name: names.socketIo, caption: '' })],
    plots: [
      {
        kind: 'bars',
        name: 'latency',
        title: 'p99 from POST to socket at half of the limit, ms',
        bars: courses.map(({ name, samples }) => {
          const all = samples.map(({ p99Ms = Number.NaN }) => p99Ms);
          return { label: name, value: median(all), best: Math.min(...all) };
        }),
      },
    ],
    budgets: [
      {
        what: 'p99, single POSTs',
        figure: p99(names.single),
        unit: 'ms',
        atMost: singleMs + commitMs,
        kind: 'time',
      },
      {
        what: 'p99, batches of 100',
        figure: p99(names.batch),
        unit: 'ms',
        atMost: batchMs + commitMs,
        kind: 'time',
      },
    ],
    absent: [],
  };
}

async function majorityCommitMs(url: string): Promise<number> {
  const client = new MongoClient(url);
  try {
    const collection = client
      .db('bench')
      .collection('commits', { writeConcern: { w: 'majority', journal: true } });
    const took: number[] = [];
    for (let at = 0; at < commits; at += 1) {
      const began = performance.now();
      await collection.insertOne({ at });
      took.push(performance.now() - began);
    }
    return median(took);
  } finally {
    await client.close();
  }
}
