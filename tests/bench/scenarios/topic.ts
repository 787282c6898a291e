// One topic with tens of thousands of followers on three nodes.
import { CarillonRig, patientEnv, storeName } from '../carillon-rig.ts';
import { type Absent, type Contestant, contest } from '../contest.ts';
import { costBars, courseTable } from '../course-table.ts';
import { needTopics } from '../needs.ts';
import { PeerRig } from '../peer-rig.ts';
import { startRaw, startSocketIo } from '../peers/peer.ts';
import { type Bench, NotMeasurable, type Outcome, type Scenario } from '../scenario.ts';

const nodes = 3;
const sizes = { full: 50_000, quick: 9_000 };
const usersShare = 20;
const name = 'bench';
const floor = 'ws, one process, pre-framed';
const ackedMs = 120_000;
const roundsMax = 3;

export const topic: Scenario = {
  name: 'topic',
  title: 'A topic on three nodes',
  about: `A topic with ${sizes.full.toLocaleString('en-US')} subscriptions, each a socket of its own, on
${nodes} Push nodes; one message at a time, the next one when all have it. Twenty sockets share a
user. The floor holds all sockets in one process, socket.io in ${nodes} with Redis between.`,
  seconds: { quick: { fixed: 35, perRound: 5 }, full: { fixed: 45, perRound: 10, roundsMax } },
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const count = bench.isQuick ? sizes.quick : sizes.full;
  const each = Math.ceil(count / nodes);
  if (each > bench.socketsMax)
    throw new NotMeasurable(`needs ${each} open files, and ${bench.socketsMax} are allowed: raise ulimit -n`);
  /** The floor has one process, and that may hold less. */
  const below = Math.min(count, bench.socketsMax);
  const order = {
    target: `topic:${name}`,
    messages: bench.isQuick ? 4 : 8,
    batch: 1,
    workers: 1,
    fan: count,
  };
  const raw = new PeerRig(bench, await startRaw(bench.pins, 'framed'));
  await raw.open(below);
  const contestants: Contestant[] = [
    {
      name: floor,
      lacks: 'nodes, token, store, acknowledge',
      round: () => raw.round({ ...order, fan: below }, below),
    },
  ];
  const absent: Absent[] = [];
  try {
    contestants.push(await contestantOfOurs(bench, count, order));
  } catch (error) {
    if (!(error instanceof NotMeasurable)) throw error;
    absent.push({ name: 'Carillon', reason: error.message, isOurs: true });
  }
  const socketIo = new PeerRig(bench, await startSocketIo(bench.pins, nodes), nodes);
  await socketIo.open(count);
  contestants.push({
    name: `socket.io, ${nodes} nodes`,
    lacks: 'token, store, acknowledge',
    round: () => socketIo.round(order, count),
  });
  const courses = await contest(contestants, { ...bench, rounds: Math.min(bench.rounds, roundsMax) });
  return {
    setting: [
      `${count.toLocaleString('en-US')} sockets (the floor: ${below.toLocaleString('en-US')}),`,
      `${order.messages} messages per round, at most ${roundsMax} rounds; nothing is acknowledged while`,
      'it is measured. Ours writes each message to MongoDB first; mongod in brackets is not in the sum.',
    ],
    tables: [courseTable(courses, { name: floor, caption: '' })],
    plots: [costBars(courses, 'topic', 'A topic on three nodes: CPU µs per delivery (without mongod)')],
    budgets: [],
    absent,
  };
}

async function contestantOfOurs(
  bench: Bench,
  count: number,
  order: Parameters<CarillonRig['round']>[0],
): Promise<Contestant> {
  const rig = await CarillonRig.start(bench, { pushNodes: nodes, env: patientEnv, clients: nodes });
  await needTopics(rig);
  const users = Math.ceil(count / usersShare);
  await rig.open({ count, users, topics: [name], ephemeral: true, ackEvery: 0, ackMs: 0 });
  const round = async () => {
    const sample = await rig.round(order, count);
    rig.load.ack(order.messages);
    await rig.load.until(({ acks }) => acks >= count, ackedMs, 'all acknowledged');
    await rig.settle();
    return sample;
  };
  return { name: `Carillon, ${nodes} nodes`, lacks: '', besides: [storeName], round };
}
