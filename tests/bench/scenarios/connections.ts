// What an idle connection keeps and what a handshake costs. Every round begins with a fresh process, for
// memory that was once taken is not given back.
import { setTimeout as sleep } from 'node:timers/promises';
import { CarillonRig, measured, storeName } from '../carillon-rig.ts';
import { type Absent, type Contestant, type Course, contest, costsOf, type Sample } from '../contest.ts';
import { costBars } from '../course-table.ts';
import type { LoadClient } from '../load-client.ts';
import { PeerRig } from '../peer-rig.ts';
import { startNchan } from '../peers/nchan.ts';
import { type Peer, startRaw, startSocketIo } from '../peers/peer.ts';
import { type Processes, residentMiB } from '../process-figures.ts';
import type { Bench, Outcome, Scenario } from '../scenario.ts';
import { least, median, medianRatio } from '../statistics.ts';
import { figure, type Table } from '../table.ts';

const connections = 10_000;
const atOnce = 128;
/** After the last one is open, so that what was only needed to open them can go. */
const idleMs = 2_000;
const openMs = 120_000;
const roundsMax = 3;
const kibPerMib = 1024;
const ours = 'Carillon';
const floor = 'ws';
const budgetKib = 12;

export const connectionsScenario: Scenario = {
  name: 'connections',
  title: 'Idle connections and handshakes',
  about: `${connections.toLocaleString('en-US')} connections, ${atOnce} being opened at a time, each
authenticated and routed at ours; then ${idleMs / 1000} s of silence. *KiB per connection* is the
growth of resident memory of the process that holds the sockets, from its start, divided by them.
*µs per handshake* is CPU of all processes; making the tokens is not in it, checking them is.`,
  seconds: { quick: { fixed: 15, perRound: 15 }, full: { fixed: 20, perRound: 22, roundsMax } },
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const count = bench.isQuick ? connections / 2 : connections;
  const absent: Absent[] = [];
  const { pins } = bench;
  const peer = (name: string, start: () => Promise<Peer>, lacks: string): Contestant => ({
    name,
    lacks,
    round: () => peerRound(bench, start, count),
  });
  const contestants = [
    peer(floor, () => startRaw(pins, 'json'), 'token, route, resume, store'),
    await contestantOfOurs(bench, count),
    peer('socket.io', () => startSocketIo(pins), 'token, resume, store'),
  ];
  const nchan = () => startNchan(pins, { buffer: 10, first: 'newest' });
  try {
    await (await nchan()).stop();
    contestants.push(peer('nchan', nchan, 'token, route to other nodes, store'));
  } catch (error) {
    absent.push({ name: 'nchan', reason: error instanceof Error ? error.message : String(error) });
  }
  const courses = await contest(contestants, {
    ...bench,
    rounds: Math.min(bench.rounds, roundsMax),
    isWarmedUp: false,
  });
  const kib = (name: string) => memoryOf(courses.find((course) => course.name === name));
  return {
    setting: [
      `${count.toLocaleString('en-US')} connections per round, at most ${roundsMax} rounds, for each`,
      'takes long. Handshakes: mongod in brackets is not in the sum. Store: MongoDB, one member.',
    ],
    tables: [tableOf(courses)],
    plots: [
      {
        kind: 'bars',
        name: 'connections-memory',
        title: 'Resident KiB per idle connection',
        bars: courses.map((course) => ({
          label: course.name,
          value: median(memoryOf(course)),
          best: least(memoryOf(course)),
        })),
      },
      costBars(courses, 'connections-handshake', 'CPU µs per handshake (without mongod)'),
    ],
    budgets: [
      {
        what: 'resident memory per connection',
        figure: median(kib(ours)),
        unit: 'KiB',
        atMost: budgetKib,
        kind: 'size',
      },
    ],
    absent,
  };
}

/** The servers stay, Push is a fresh one each time. The first opening is for the tokens. */
async function contestantOfOurs(bench: Bench, count: number): Promise<Contestant> {
  const rig = await CarillonRig.start(bench);
  await rig.open({ count, atOnce, ackEvery: 16, ackMs: 100 });
  const push = rig.cluster.pushNodes[0];
  const round = async () => {
    rig.load.drop();
    await push?.restart();
    rig.pin();
    return opened({
      load: rig.load,
      processes: rig.processes(),
      holder: 'push',
      count,
      begin: () => rig.load.reopen({ atOnce }),
    });
  };
  return { name: ours, lacks: '', besides: [storeName], round };
}

async function peerRound(bench: Bench, start: () => Promise<Peer>, count: number): Promise<Sample> {
  const rig = new PeerRig(bench, await start());
  try {
    const processes = rig.peer.processes();
    const holder = processes.has('node') ? 'node' : ([...processes.keys()][0] ?? '');
    return await opened({
      load: rig.load,
      processes,
      holder,
      count,
      begin: () => rig.beginOpening(count, { atOnce }),
    });
  } finally {
    await rig.stop();
  }
}

interface Opening {
  readonly load: LoadClient;
  readonly processes: Processes;
  /** Whose memory is looked at. */
  readonly holder: string;
  readonly count: number;
  readonly begin: () => void;
}

async function opened({ load, processes, holder, count, begin }: Opening): Promise<Sample> {
  await load.until(({ open }) => open === 0, openMs, 'nothing is open');
  const before = residentMiB(processes).get(holder) ?? 0;
  const sample = await measured({
    load,
    processes,
    deliveries: count,
    begin,
    until: 'open',
    isDone: ({ open }) => open === count,
  });
  await sleep(idleMs);
  const after = residentMiB(processes).get(holder) ?? 0;
  return { ...sample, extra: { kib: ((after - before) * kibPerMib) / count } };
}

function memoryOf(course: Course | undefined): number[] {
  return (course?.samples ?? []).map(({ extra }) => extra?.['kib'] ?? Number.NaN);
}

function tableOf(courses: readonly Course[]): Table {
  const first = courses[0];
  return {
    caption: '',
    head: [
      'server',
      'KiB per connection',
      'best',
      `× ${floor}`,
      'µs per handshake',
      `× ${floor}`,
      'handshakes/s',
      'load client µs',
      'µs per process',
      'does not',
    ],
    rows: courses.map((course) => [
      course.name,
      figure(median(memoryOf(course))),
      figure(least(memoryOf(course))),
      figure(medianRatio(memoryOf(course), memoryOf(first))),
      figure(median(costsOf(course))),
      figure(medianRatio(costsOf(course), first ? costsOf(first) : [])),
      figure(median(course.samples.map(({ perSecond }) => perSecond))),
      figure(median(course.samples.map(({ clientMicros }) => clientMicros))),
      processesOf(course),
      course.lacks || '–',
    ]),
  };
}

function processesOf({ samples, besides }: Course): string {
  return [...(samples[0]?.micros.keys() ?? [])]
    .map((name) => {
      const text = `${name} ${figure(median(samples.map(({ micros }) => micros.get(name) ?? 0)))}`;
      return besides.includes(name) ? `(${text})` : text;
    })
    .join(', ');
}
