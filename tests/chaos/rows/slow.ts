// The row of the clients that are too slow: a thousand that read a little, some that read nothing, some that
// never acknowledge.
import { Probe } from '../../fleet/probe.ts';
import { Desk } from '../desk.ts';
import { atLeast, atMost, atMostMs, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';

/** How many of each kind. */
interface Crowd {
  readonly slow: number;
  readonly silent: number;
  readonly mute: number;
}

const crowd: Crowd = { slow: 1_000, silent: 100, mute: 100 };
const quickCrowd: Crowd = { slow: 20, silent: 10, mute: 10 };
const slowBytesPerS = 1_024;
/** One takes a slow one longer than it may do nothing: 48 s, and 30 s are allowed. */
const slowBytes = 49_152;
const slowMessages = 3;
/** To the others more than a window. */
const stuckBytes = 4_096;
const stuckMessages = 80;
const dialAtOnce = 50;
/** 200 MB in all, at about 10 MB a second: what is in question are slow readers, not a producer's burst. */
const listUsers = 50;
const postPauseMs = 250;
const closedWithinMs = 90_000;
const othersP99Ms = 1_000;
const memoryMaxMiB = 512;
const pollMs = 200;
const slowConsumer = 4101;
/** Who does not read sees no close frame: the node cuts it off, and counts one of these. */
const cutOff = [4202, 1006] as const;

export const slowRows: readonly Row[] = [
  {
    row: '21',
    broken: '1,000 readers of 1 KB/s, 100 that read nothing, 100 that never ack',
    outcome: 'closed 4101, those that do not read by force; memory bounded; others’ p99 unaffected',
    seconds: 100,
    quickSeconds: 60,
    messagesPerSecond: 40,
    run: dawdle,
    judge: (history, stage) => {
      const { slow, silent, mute } = crowdOf(stage);
      return [
        atLeast('closed as slow consumers (4101)', stage.noted('slow'), mute),
        atLeast('closed in all (4101, 4202, 1006)', stage.noted('closed'), slow + silent + mute),
        atMost('memory of the fattest node, MiB', stage.noted('memory'), memoryMaxMiB),
        atMostMs(
          'p99 of the others meanwhile',
          history.p99Between(stage.at('from'), stage.at('to')),
          othersP99Ms,
        ),
      ];
    },
  },
];

function crowdOf({ options }: Stage): Crowd {
  return options.isQuick ? quickCrowd : crowd;
}

async function dawdle(stage: Stage): Promise<void> {
  const desk = new Desk(stage);
  const { slow, silent, mute } = crowdOf(stage);
  const { prefix } = stage.options;
  const users = Array.from({ length: slow + silent + mute }, (_, at) => `${prefix}x${at}`);
  const probes = await open(desk, users);
  const slowOnes = probes.slice(0, slow);
  for (const probe of slowOnes) probe.readSlowly(slowBytesPerS);
  for (const probe of probes.slice(slow, slow + silent)) probe.stopReading();
  const before = { slow: await closedAs(stage, slowConsumer), cut: await cutOffs(stage) };
  stage.notes['memory'] = 0;
  stage.mark('from');
  const list = users.slice(0, slow).map((user) => `user:${user}`);
  for (let n = 0; n < slowMessages; n++) {
    for (let from = 0; from < slow; from += listUsers) {
      const some = list.slice(from, from + listUsers);
      await desk.postAll([itemOf(some, n, slowBytes)], `${prefix}-slow-${n}-${from}`);
      await look(stage);
      await stage.wait(postPauseMs);
    }
  }
  for (const user of users.slice(slow)) {
    const items = Array.from({ length: stuckMessages }, (_, n) => itemOf(`user:${user}`, n, stuckBytes));
    await desk.postAll(items, `${prefix}-${user}`);
    await look(stage);
    await stage.wait(postPauseMs / 5);
  }
  const deadline = Date.now() + closedWithinMs;
  while (Date.now() < deadline && (stage.notes['closed'] ?? 0) < users.length) {
    stage.notes['slow'] = (await closedAs(stage, slowConsumer)) - before.slow;
    stage.notes['closed'] = stage.notes['slow'] + (await cutOffs(stage)) - before.cut;
    await look(stage);
    await stage.wait(pollMs);
  }
  stage.mark('to');
  await Promise.all(probes.map((probe) => probe.drop()));
}

function itemOf(to: string | readonly string[], n: number, bytes: number) {
  return { to, event: 'row', data: { n, text: 'x'.repeat(bytes) } };
}

async function open(desk: Desk, users: readonly string[]): Promise<Probe[]> {
  const probes: Probe[] = [];
  for (let from = 0; from < users.length; from += dialAtOnce) {
    const some = users.slice(from, from + dialAtOnce).map(async (user, at) => {
      const plan = { url: desk.socketUrl(at % 3), token: await desk.token(user), device: 'stuck' };
      return Probe.open(plan);
    });
    probes.push(...(await Promise.all(some)));
  }
  return probes;
}

async function cutOffs(stage: Stage): Promise<number> {
  const counts = await Promise.all(cutOff.map((code) => closedAs(stage, code)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function closedAs(stage: Stage, code: number): Promise<number> {
  const metric = `carillon_disconnects_total{code="${code}"`;
  const counts = await Promise.all(stage.cluster.pushNodes.map(({ name }) => stage.metricOf(name, metric)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function look(stage: Stage): Promise<void> {
  stage.notes['memory'] = Math.max(stage.noted('memory'), await fattest(stage));
}

async function fattest(stage: Stage): Promise<number> {
  const metric = 'process_resident_memory_bytes';
  const bytes = await Promise.all(stage.cluster.pushNodes.map(({ name }) => stage.metricOf(name, metric)));
  return Math.max(...bytes) / 1_048_576;
}
