// Rows in which clients vanish, lie, or come all at once.
import type { Cable } from '../../fleet/cable.ts';
import { Probe } from '../../fleet/probe.ts';
import { coreTimes, putBehind } from '../cores.ts';
import { Desk, type Item } from '../desk.ts';
import { atLeast, atMostMs, none, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const closedWithinMs = 40_000;
const backWithinMs = 60_000;
const loopLagMaxMs = 200;
const windowSize = 64;
const pollMs = 200;
const closePollMs = 20;
/** Cursors are written in batches; this is several of them. */
const cursorFlushMs = 1_000;
/** What the last to come back leave to be written. */
const flushedMs = 1_000;
const cables = new WeakMap<Stage, Cable[]>();

export const clientRows: readonly Row[] = [
  {
    row: '20',
    broken: 'clients vanish without FIN',
    outcome: 'server closes ≤ 40 s; resume complete',
    seconds: 50,
    messagesPerSecond: 60,
    prepare: throughCables,
    run: async (stage) => {
      await stage.moment(1_000, 3_000);
      const lines = cablesOf(stage);
      for (const cable of lines) cable.vanish();
      const at = Date.now();
      const left = () => lines.reduce((sum, cable) => sum + cable.vanishedAtServer, 0);
      stage.notes['vanished'] = left();
      while (left() > 0 && Date.now() < at + 2 * closedWithinMs) await stage.wait(closePollMs);
      stage.notes['closedMs'] = Date.now() - at;
    },
    judge: (_history, stage) => [
      atLeast('sockets that vanished', stage.notes['vanished'] ?? 0, stage.users.length),
      atMostMs('server closed the last of them', stage.notes['closedMs'] ?? Number.NaN, closedWithinMs),
    ],
  },
  {
    row: '22',
    broken: 'wrong acks (above the head, negative, NaN, a fraction, 2^53)',
    outcome: '4000; cursor unchanged; an ack between sent and head is taken',
    seconds: 5,
    sockets: 50,
    run: lieAboutAcks,
    judge: (_history, stage) => [
      none('wrong acks not closed with 4000', stage.notes['notClosed'] ?? Number.NaN),
      none('cursors they moved', stage.notes['moved'] ?? Number.NaN),
      atLeast('acks between sent and head taken', stage.notes['taken'] ?? 0, 1),
    ],
  },
  {
    row: '23',
    broken: '5,000 clients reconnect at once',
    outcome: 'all back ≤ 60 s; no OOM; event-loop p99 < 200 ms',
    seconds: 20,
    sockets: 5_000,
    messagesPerSecond: 50,
    prepare: throughCables,
    run: comeBackAtOnce,
    judge: (_history, stage) => [
      atMostMs('all back', stage.notes['backMs'] ?? Number.NaN, backWithinMs),
      none('nodes that ended', stage.notes['ended'] ?? Number.NaN),
      atMostMs('event-loop p99 of the slowest second', stage.notes['lagMs'] ?? Number.NaN, loopLagMaxMs),
      { what: 'latest turn of an event loop, ms', is: Math.round(stage.notes['latestMs'] ?? Number.NaN) },
      { what: 'a node was on a core, ms', is: Math.round(stage.notes['onCoreMs'] ?? Number.NaN) },
      { what: 'a node waited for a core, ms', is: Math.round(stage.notes['waitedMs'] ?? Number.NaN) },
    ],
  },
  {
    row: '24',
    broken:
      'resume races: before the first message, twice in 10 ms, in replay page 2, two nodes at once, two tabs',
    outcome: 'I7, I8, I16',
    seconds: 10,
    sockets: 50,
    run: race,
    judge: (_history, stage) => [
      none('sockets with a gap or a step back', stage.notes['faults'] ?? Number.NaN),
      none('resumes denied', stage.notes['denied'] ?? Number.NaN),
      none('sockets that did not get everything', stage.notes['short'] ?? Number.NaN),
    ],
  },
];

/** All others stand behind the Push nodes, whose cores nobody takes away on machines of their own. */
async function comeBackAtOnce(stage: Stage): Promise<void> {
  const { fleet, scraper, users, notes } = stage;
  const cables = cablesOf(stage);
  const pids = stage.cluster.pushNodes.map(({ pid }) => pid);
  const giveBack = await putBehind(othersOf(stage));
  try {
    await stage.wait(1_000);
    await scraper.loopLag(); // from here on: not how they started
    const before = coreTimes(pids);
    for (const cable of cables) cable.cut();
    await stage.wait(pollMs);
    for (const cable of cables) cable.mend();
    const at = Date.now();
    await fleet.wait(({ open }) => open < users.length, 2_000);
    await fleet.wait(({ open }) => open === users.length, 2 * backWithinMs);
    notes['backMs'] = Date.now() - at;
    await stage.wait(flushedMs);
    const lag = await scraper.loopLag();
    notes['lagMs'] = lag.p99Ms;
    notes['latestMs'] = lag.maxMs;
    notes['ended'] = stage.cluster.pushNodes.filter(({ pid }, n) => pid !== pids[n]).length;
    if (notes['ended'] > 0) return;
    const after = coreTimes(pids);
    notes['onCoreMs'] = (after.onCoreMs - before.onCoreMs) / pids.length;
    notes['waitedMs'] = (after.waitedMs - before.waitedMs) / pids.length;
  } finally {
    await giveBack();
  }
}

async function throughCables(stage: Stage): Promise<void> {
  const ports = stage.cluster.pushNodes.map(({ url }) => Number(new URL(url).port));
  const lines = await Promise.all(ports.map((port) => stage.cable(port)));
  cables.set(stage, lines);
  stage.socketUrls = lines.map(({ port }) => `ws://127.0.0.1:${port}/v1/connect`);
}

function cablesOf(stage: Stage): Cable[] {
  return cables.get(stage) ?? [];
}

function itemsFor(user: string, count: number): Item[] {
  return Array.from({ length: count }, (_, n) => ({ to: `user:${user}`, event: 'row', data: { n } }));
}

async function lieAboutAcks(stage: Stage): Promise<void> {
  const desk = new Desk(stage);
  const lies = ['99', '-1', 'NaN', '1.5', '9007199254740992', '1e400', '"1"', 'null'];
  stage.notes['notClosed'] = 0;
  stage.notes['moved'] = 0;
  for (const [at, lie] of lies.entries()) {
    const user = `${stage.options.prefix}x${at}`;
    const plan = { url: desk.socketUrl(at % 3), token: await desk.token(user), device: 'liar' };
    const probe = await Probe.open(plan);
    await desk.postAll(itemsFor(user, 3), `${stage.options.prefix}-lie-${at}`);
    await probe.until(() => probe.received === 3, 20_000);
    probe.say(`{"type":"ack","log":"user","seq":${lie}}`);
    const isClosed = probe.closed.then((code) => code === 4000);
    const isLate = new Promise<false>((resolve) => setTimeout(() => resolve(false), 5_000));
    if (!(await Promise.race([isClosed, isLate]))) stage.notes['notClosed']++;
    await probe.drop();
    const again = await Probe.open(plan);
    if (again.from !== 0 || !again.resumed) stage.notes['moved']++;
    await again.drop();
  }
  stage.notes['taken'] = (await isAheadTaken(stage, desk)) ? 1 : 0;
}

/** The window is full; another tab of the device may have more than this socket was sent. */
async function isAheadTaken(stage: Stage, desk: Desk): Promise<boolean> {
  const user = `${stage.options.prefix}xahead`;
  const plan = { url: desk.socketUrl(0), token: await desk.token(user), device: 'ahead' };
  const probe = await Probe.open(plan);
  await desk.postAll(itemsFor(user, windowSize + 6), `${stage.options.prefix}-ahead`);
  await probe.until(() => probe.received === windowSize, 20_000);
  probe.ack(windowSize + 2);
  const next = () => probe.messages.some(({ seq }) => seq === windowSize + 3);
  const isTaken = await probe.until(next, 5_000);
  await probe.drop();
  await stage.wait(cursorFlushMs);
  const again = await Probe.open(plan);
  const isKept = again.from >= windowSize + 2;
  await again.drop();
  return isTaken && isKept;
}

/** All that runs here and is no Push node. */
function othersOf({ cluster, fleet, poster }: Stage): readonly number[] {
  const { processes, pushNodes, services } = cluster;
  const apps = processes.filter((app) => !pushNodes.includes(app));
  const servers = [...services.mongo.members, services.redis, services.nats];
  return [process.pid, fleet.pid, poster.pid, ...[...apps, ...servers].map(({ pid }) => pid)];
}

async function race(stage: Stage): Promise<void> {
  const desk = new Desk(stage);
  const total = 300;
  const used: Probe[] = [];
  const finals: Probe[] = [];
  for (const round of [0, 1, 2]) {
    const user = `${stage.options.prefix}x${round}`;
    const token = await desk.token(user);
    const plan = (node: number, instance: string) => ({
      url: desk.socketUrl(node),
      token,
      device: 'racer',
      instance,
    });
    const early = await Probe.open(plan(round, 'a'));
    const posting = desk.postAll(itemsFor(user, total / 2), `${stage.options.prefix}-race-${round}`);
    await early.drop();
    const twins = [Probe.dial(plan(0, 'a')), Probe.dial(plan(1, 'a'))];
    await posting;
    await Promise.all(twins.map((twin) => twin.until(() => twin.received > 0, 10_000)));
    await Promise.all(twins.map((twin) => twin.drop()));
    const paging = await Probe.open({ ...plan(2, 'a'), cursor: 0, isAcking: true });
    await paging.until(() => paging.received >= 105 + stage.random() * 40, 10_000);
    await paging.drop();
    const cursor = paging.received;
    const tabs = await Promise.all([
      Probe.open({ ...plan(0, 'a'), cursor, isAcking: true }),
      Probe.open({ ...plan(1, 'a'), cursor, isAcking: true }),
      Probe.open({ ...plan(1, 'b'), cursor, isAcking: true }),
    ]);
    await desk.postAll(itemsFor(user, total / 2), `${stage.options.prefix}-race-${round}-more`);
    await Promise.all(tabs.map((tab) => tab.until(() => tab.received === total, 20_000)));
    await Promise.all(tabs.map((tab) => tab.drop()));
    used.push(early, ...twins, paging, ...tabs);
    finals.push(...tabs);
  }
  stage.notes['faults'] = used.reduce((sum, probe) => sum + probe.faults, 0);
  stage.notes['denied'] = used.filter(({ resumed }) => !resumed).length;
  stage.notes['short'] = finals.filter(({ received }) => received !== total).length;
}
