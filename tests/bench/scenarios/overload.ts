// Three times what the machine can do, for a minute: nothing acknowledged may be lost, memory must stay
// flat, everything refused must say when to come again. The bounds were set before any figure was seen;
// README.md says why.
import { setTimeout as sleep } from 'node:timers/promises';
import { CarillonRig, storeName } from '../carillon-rig.ts';
import type { LoadStatus } from '../load-client.ts';
import type { Lines } from '../plot.ts';
import { residentMiB } from '../process-figures.ts';
import type { Bench, Outcome, Scenario } from '../scenario.ts';
import { type Point, trend } from '../statistics.ts';
import { figure, type Table } from '../table.ts';
import type { Budget } from '../verdict.ts';

const sockets = 2_000;
const factor = 3;
/** Requests under way at most: twice what Collect queues, so that its queue is full all the time. */
const producers = 4_000;
const probeProducers = 256;
const sampleMs = 1_000;
const sizes = {
  full: { overloadS: 120, warmS: 60, probe: 30_000 },
  quick: { overloadS: 15, warmS: 5, probe: 10_000 },
};
const growthMax = 1;
const answerP99Max = 2_000;
const deliveryP99Max = 5_000;
const healMs = 60_000;

export const overload: Scenario = {
  name: 'overload',
  title: `${factor} × overload`,
  about: `First the limit: ${probeProducers} producers that wait for their answers. Then ${factor} × that
rate for ${sizes.full.overloadS} s from producers that wait for nobody, up to
${producers.toLocaleString('en-US')} requests under way, nothing tried again. Every id of a 202 is
remembered and must arrive.`,
  seconds: { quick: { fixed: 35, perRound: 0 }, full: { fixed: 150, perRound: 0 } },
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const size = bench.isQuick ? sizes.quick : sizes.full;
  const rig = await CarillonRig.start(bench);
  await rig.open({ count: sockets, ackEvery: 16, ackMs: 100, ledger: true });
  const probe = { users: sockets, messages: size.probe, batch: 1, workers: probeProducers, ledger: true };
  await rig.round(probe);
  const limit = (await rig.round(probe)).perSecond;
  const rate = Math.round(limit * factor);
  bench.progress.say(`the limit is ${Math.round(limit)}/s: ${rate}/s for ${size.overloadS} s`);
  rig.load.reset();
  rig.post({
    users: sockets,
    messages: rate * size.overloadS,
    batch: 1,
    workers: producers,
    perSecond: rate,
    open: true,
    ledger: true,
  });
  const memory = await watch(rig, size.overloadS);
  const during = await rig.load.until(({ posting }) => posting === 0, healMs, 'the overload is over');
  const began = performance.now();
  const after = await healed(rig);
  const healedS = (performance.now() - began) / 1_000;
  const slopes = slopesOf(memory, size.warmS);
  return {
    setting: [
      `${sockets.toLocaleString('en-US')} sockets, acknowledged after 16 messages or 100 ms. One run,`,
      `not ${bench.rounds} rounds. Limit ${figure(limit)}/s, offered ${figure(rate)}/s. Store: MongoDB,`,
      'one member.',
    ],
    tables: [countsTable({ during, after, seconds: size.overloadS, healedS }), memoryTable(memory, slopes)],
    plots: [memoryPlot(memory)],
    budgets: [...promises(after), ...flatness(slopes, bench.isQuick)],
    absent: [],
  };
}

type Memory = ReadonlyMap<string, readonly Point[]>;

/** Resident memory of every process, each second. */
async function watch(rig: CarillonRig, seconds: number): Promise<Memory> {
  const memory = new Map<string, Point[]>();
  const began = performance.now();
  const note = (name: string, y: number) => {
    const points = memory.get(name) ?? [];
    points.push({ x: (performance.now() - began) / 1_000, y });
    memory.set(name, points);
  };
  for (let at = 1; at <= seconds; at += 1) {
    await sleep(Math.max(0, began + at * sampleMs - performance.now()));
    for (const [name, mib] of residentMiB(rig.processes())) note(name, mib);
    for (const [, mib] of residentMiB(new Map([['load', rig.load.pids]]))) note('load client', mib);
    if (at % 10 === 0) rig.bench.progress.say(`${at} of ${seconds} s`);
  }
  return memory;
}

/** The last status when all that was acknowledged is there, or when the time for that is over. */
async function healed(rig: CarillonRig): Promise<LoadStatus> {
  const end = Date.now() + healMs;
  for (;;) {
    const status = await rig.load.until(() => true, healMs, 'a status');
    if (status.missing === 0 || Date.now() > end) return status;
    await sleep(100);
  }
}

function slopesOf(memory: Memory, warmS: number): ReadonlyMap<string, number> {
  return new Map([...memory].map(([name, points]) => [name, trend(points.filter(({ x }) => x > warmS))]));
}

function promises(after: LoadStatus): Budget[] {
  const none = { atMost: 0, unit: '', kind: 'promise' } as const;
  const time = { unit: 'ms', kind: 'promise' } as const;
  return [
    { what: 'acknowledged and not arrived', figure: after.missing, ...none },
    { what: '503 without Retry-After', figure: after.refusedWithoutRetryAfter, ...none },
    { what: 'neither 202 nor 503', figure: after.otherAnswers + after.brokenRequests, ...none },
    { what: 'p99 from POST to 202', figure: after.answer.p99Ms, atMost: answerP99Max, ...time },
    { what: 'p99 from POST to socket', figure: after.delivery.p99Ms, atMost: deliveryP99Max, ...time },
  ];
}

/** mongod is told how much it may take, and takes it: its growth is no queue. */
function flatness(slopes: ReadonlyMap<string, number>, isQuick: boolean): Budget[] {
  const shown = [...slopes].filter(([name]) => name !== storeName && name !== 'load client');
  return shown.map(([name, slope]) => ({
    what: `growth of ${name}`,
    figure: slope,
    unit: 'MiB/s',
    atMost: growthMax,
    // A look is too short to tell a trend from a collector that has not run yet.
    kind: isQuick ? 'time' : 'promise',
  }));
}

interface Counted {
  readonly during: LoadStatus;
  readonly after: LoadStatus;
  readonly seconds: number;
  readonly healedS: number;
}

function countsTable({ during, after, seconds, healedS }: Counted): Table {
  const rows: [string, number][] = [
    ['answered 202', after.accepted],
    ['answered 202, per second', after.accepted / seconds],
    ['answered 503', after.refused],
    ['of these without Retry-After', after.refusedWithoutRetryAfter],
    ['answered otherwise', after.otherAnswers],
    ['requests that broke', after.brokenRequests],
    ['never sent: all producers were waiting', after.unsent],
    ['delivered when the overload ended', during.received],
    ['delivered in the end', after.received],
    ['acknowledged and not arrived', after.missing],
    ['all arrived after, s', healedS],
    ['POST to 202: p50, ms', after.answer.p50Ms],
    ['POST to 202: p99, ms', after.answer.p99Ms],
    ['POST to socket: p50, ms', after.delivery.p50Ms],
    ['POST to socket: p99, ms', after.delivery.p99Ms],
    ['POST to socket: longest, ms', after.delivery.maxMs],
  ];
  return { caption: '', head: ['messages', ''], rows: rows.map(([what, value]) => [what, figure(value)]) };
}

function memoryTable(memory: Memory, slopes: ReadonlyMap<string, number>): Table {
  return {
    caption: 'Resident memory:',
    head: ['process', 'at the start, MiB', 'at the end, MiB', 'trend, MiB/s'],
    rows: [...memory].map(([name, points]) => [
      name,
      figure(points[0]?.y ?? Number.NaN),
      figure(points.at(-1)?.y ?? Number.NaN),
      figure(slopes.get(name) ?? Number.NaN),
    ]),
  };
}

function memoryPlot(memory: Memory): Lines {
  return {
    kind: 'lines',
    name: 'overload-memory',
    title: `Resident memory at ${factor} × overload, MiB`,
    xTitle: 'seconds',
    isLogX: false,
    xTicks: 6,
    lines: [...memory].map(([label, points]) => ({ label, points })),
  };
}
