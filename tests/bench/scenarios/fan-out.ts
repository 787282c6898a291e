// One message to thousands of sockets, alone and with others in the same turn. Acknowledgements are held
// back until the figures are taken: what they cost is a scenario of its own.
import { CarillonRig, patientEnv, storeName, together } from '../carillon-rig.ts';
import { type Absent, type Contestant, type Course, contest, type Sample } from '../contest.ts';
import { costBars, courseTable, ratioOf } from '../course-table.ts';
import { needTopics } from '../needs.ts';
import { PeerRig, peerRig } from '../peer-rig.ts';
import { startNchan } from '../peers/nchan.ts';
import { type Peer, startRaw, startSocketIo } from '../peers/peer.ts';
import { type Bench, NotMeasurable, type Outcome, type Scenario } from '../scenario.ts';

const sockets = 5_000;
const topic = 'bench';
const flush = 16;
/** Below the 64 messages that a session may have unsettled. */
const windowMessages = 48;
const settleMs = 600;
const floor = 'pre-framed';
const ours = 'Carillon';

interface Size {
  readonly batch: number;
  /** Windows of a round; between them all is acknowledged. */
  readonly windows: number;
  readonly messages: number;
}

export const fanOut: Scenario = {
  name: 'fan-out',
  title: `Fan-out to ${sockets.toLocaleString('en-US')} sockets`,
  about: `One message to a topic that ${sockets.toLocaleString('en-US')} sockets follow, posted when the one
before has arrived everywhere; then the same with ${flush} messages in one request. *pre-framed*
is a bare \`ws\` server that makes the frame once and writes it to each socket (with ${flush}: all
of them in one write); *ws.send(JSON)* puts each message into JSON for each socket.`,
  seconds: { quick: { fixed: 30, perRound: 8 }, full: { fixed: 37, perRound: 12 } },
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const absent: Absent[] = [];
  const alone: Size = { batch: 1, windows: 1, messages: bench.isQuick ? 12 : 24 };
  const bundled: Size = { batch: flush, windows: bench.isQuick ? 1 : 2, messages: windowMessages };
  const rigs = await openAll(bench, absent);
  const courses = await contest([...contestantsOf(rigs, alone), ...contestantsOf(rigs, bundled)], bench);
  const [one, many] = [courses.slice(0, rigs.length), courses.slice(rigs.length)];
  return {
    setting: [
      'Data of about 120 bytes. Nothing is acknowledged while it is measured. Ours writes each message',
      'to MongoDB (one member, majority and journal) first; mongod in brackets is not in the sum.',
    ],
    tables: [
      courseTable(one, { name: floor, caption: '1 message per flush:' }),
      courseTable(many, { name: floor, caption: `${flush} messages per flush:` }),
    ],
    plots: [
      costBars(one, 'fan-out-1', 'Fan-out, 1 message per flush: CPU µs per delivery (without mongod)'),
      costBars(many, 'fan-out-16', `Fan-out, ${flush} per flush: CPU µs per delivery (without mongod)`),
    ],
    budgets: absent.some(({ isOurs }) => isOurs)
      ? []
      : [budget('1 message per flush', one, 1.1), budget(`${flush} messages per flush`, many, 1.2)],
    absent,
  };
}

function budget(what: string, courses: readonly Course[], atMost: number) {
  const figure = ratioOf(courses, ours, floor);
  return { what, figure, unit: `× ${floor}`, atMost, kind: 'ratio' } as const;
}

interface Runner {
  readonly name: string;
  readonly lacks: string;
  round(size: Size): Promise<Sample>;
}

async function openAll(bench: Bench, absent: Absent[]): Promise<Runner[]> {
  const runners: Runner[] = [];
  const add = async ({ name, lacks, start, ...way }: PeerFacts) => {
    const rig = await peerRig(bench, name, start);
    if (!(rig instanceof PeerRig)) {
      absent.push(rig);
      return;
    }
    await rig.open(sockets);
    runners.push({ name, lacks, round: (size) => peerRound(rig, size, way) });
  };
  const noStore = 'store, acknowledge, resume; no token';
  const { pins } = bench;
  await add({ name: floor, lacks: noStore, start: () => startRaw(pins, 'framed'), isCheap: true });
  try {
    runners.push(await openOurs(bench));
  } catch (error) {
    if (!(error instanceof NotMeasurable)) throw error;
    absent.push({ name: ours, reason: error.message, isOurs: true });
  }
  await add({ name: 'ws.send(JSON)', lacks: noStore, start: () => startRaw(pins, 'json') });
  await add({ name: 'socket.io', lacks: noStore, start: () => startSocketIo(pins) });
  const nchan = () => startNchan(pins, { buffer: 10, first: 'newest', channel: `topic:${topic}` });
  const lacks = 'store beyond its memory, acknowledge; no token';
  await add({ name: 'nchan', lacks, start: nchan, style: 'nchan' });
  return runners;
}

interface PeerFacts extends Way {
  readonly name: string;
  readonly lacks: string;
  readonly start: () => Promise<Peer>;
}

interface Way {
  readonly style?: 'nchan';
  readonly isCheap?: true;
}

async function openOurs(bench: Bench): Promise<Runner> {
  const rig = await CarillonRig.start(bench, { env: patientEnv });
  await needTopics(rig);
  await rig.open({ count: sockets, topics: [topic], ackEvery: 0, ackMs: 0 });
  return { name: ours, lacks: '', round: (size) => ourRound(rig, size) };
}

function contestantsOf(runners: readonly Runner[], size: Size): Contestant[] {
  return runners.map(({ name, lacks, round }) => ({
    name,
    lacks,
    besides: name === ours ? [storeName] : [],
    round: () => round(size),
  }));
}

async function ourRound(rig: CarillonRig, size: Size): Promise<Sample> {
  const samples: Sample[] = [];
  for (let window = 0; window < size.windows; window += 1) {
    samples.push(await rig.round(orderOf(size), sockets));
    rig.load.ack(windowMessages);
    await rig.load.until(({ acks }) => acks >= sockets, settleMs * 100, 'all acknowledged');
    await rig.settle();
  }
  return together(samples);
}

/** One window is enough where nothing is written together: each message costs the same. */
async function peerRound(rig: PeerRig, size: Size, { style, isCheap }: Way): Promise<Sample> {
  const samples: Sample[] = [];
  for (let window = 0; window < (isCheap ? size.windows : 1); window += 1) {
    // nchan takes one message per request: those of one flush follow each other without a wait.
    const order = style
      ? { ...orderOf({ ...size, batch: 1 }), style, fan: size.batch === 1 ? sockets : 0 }
      : orderOf(size);
    samples.push(await rig.round(order, sockets));
  }
  return together(samples);
}

function orderOf({ messages, batch }: Size) {
  return { target: `topic:${topic}`, messages, batch, workers: 1, fan: sockets };
}
