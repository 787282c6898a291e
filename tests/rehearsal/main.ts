// The main job on real input, with faults: a cluster of real processes, a fleet and a poster outside of it,
// and the table that says whether every promise was kept. Exits non-zero when one was not. `npm run rehearsal
// -- --seed 7`.
import { appendFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Cluster, startCluster } from '../../tools/cluster/cluster.ts';
import { check, type Seen, type Span } from '../fleet/checker.ts';
import { type Figure, table } from '../fleet/figure.ts';
import type { FleetCommand, FleetStatus } from '../fleet/fleet.ts';
import { readLines } from '../fleet/fleet-log.ts';
import { Outsider } from '../fleet/outsider.ts';
import type { Posted, PosterOrder, PosterStatus } from '../fleet/poster.ts';
import { Scraper } from '../fleet/scraper.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    sockets: { type: 'string', default: '1000' },
    messages: { type: 'string', default: '20000' },
    /** Judge the promises, not the speed: for small or busy machines. */
    'promises-only': { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const sockets = Number(values.sockets);
const messages = Number(values.messages);
/** After each fault latencies do not count for this long. */
const healingMs = 20_000;
/** The backlog must be empty this long after the last POST. */
const settleMs = 45_000;
/** A node is killed only while at least this much is unsettled on it. */
const unsettledMin = Math.min(500, Math.floor(sockets / 2));
const messagesPerSecond = 250;

const say = (text: string) => console.log(`${new Date().toISOString().slice(11, 19)}  ${text}`);
const folder = mkdtempSync(join(tmpdir(), 'carillon-rehearsal-'));
const users = Array.from({ length: sockets }, (_, at) => `u${at}`);
const faults: Span[] = [];

say(`seed ${seed}: four apps, 2 Push nodes, three-member MongoDB, Redis, NATS; logs in ${folder}`);
const cluster = await startCluster({
  pushNodes: 2,
  members: 3,
  onLine: (name, line) => appendFileSync(join(folder, `${name}.log`), `${line}\n`),
});
process.exitCode = 1; // until the table says otherwise
try {
  process.exitCode = (await rehearse(cluster)) ? 0 : 1;
} finally {
  await cluster.stop();
}

async function rehearse(on: Cluster): Promise<boolean> {
  const env = { CARILLON_KEY: on.adminKey };
  const scraper = new Scraper(() =>
    on.pushNodes.map(({ name, internalUrl }) => ({ name, url: internalUrl })),
  );
  const fleet = new Outsider<FleetCommand, FleetStatus>(new URL('../fleet/fleet.ts', import.meta.url), env);
  const poster = new Outsider<PosterOrder, PosterStatus>(new URL('../fleet/poster.ts', import.meta.url), env);
  const logs = { fleet: join(folder, 'fleet.ndjson'), poster: join(folder, 'poster.ndjson') };
  try {
    const pushUrls = on.pushNodes.map((node) => node.socketUrl);
    fleet.tell({ kind: 'start', pushUrls, authUrl: on.authUrl, users, logFile: logs.fleet, seed });
    await fleet.until((status) => status.open === sockets, 60_000, `${sockets} sockets open`);
    say(`${sockets} sockets open`);
    await scraper.start();
    poster.tell(order(on, logs.poster));
    await faultPushNode(on, fleet, poster);
    await faultRedisAndNats(on, poster);
    await poster.until((status) => status.isDone, 600_000, 'everything posted');
    const posted = readLines<Posted>(logs.poster);
    const expected = posted.reduce((sum, one) => sum + one.users.length, 0);
    say(`${posted.length} messages acknowledged with 202, ${expected} deliveries promised`);
    const last = await fleet.wait((status) => status.got >= expected, settleMs);
    say(`the fleet got ${last?.got ?? 0} within ${settleMs / 1000} s of the last POST`);
    await sleep(1_000); // the last acks reach the metrics
    await scraper.stop();
    fleet.tell({ kind: 'stop' });
    await fleet.ended;
    return report(posted, readLines<Seen>(logs.fleet), scraper);
  } finally {
    fleet.kill();
    poster.kill();
  }
}

function order(on: Cluster, logFile: string): PosterOrder {
  const lists = Math.floor(messages / 40);
  const batches = Math.floor(messages / 200);
  const batchItems = 100;
  const singles = messages - lists - batches * batchItems;
  const { collectUrls } = on;
  return {
    collectUrls,
    users,
    seed,
    logFile,
    singles,
    lists,
    listUsers: 20,
    batches,
    batchItems,
    messagesPerSecond,
  };
}

/** Acks are held back until enough is unsettled on one node; then that node is killed, and comes back. */
async function faultPushNode(
  on: Cluster,
  fleet: Outsider<FleetCommand, FleetStatus>,
  poster: Outsider<PosterOrder, PosterStatus>,
): Promise<void> {
  await poster.until((status) => status.accepted >= messages * 0.2, 300_000, 'a fifth posted');
  const victim = on.pushNodes[1];
  if (!victim) throw new Error('there is no second Push node');
  fleet.tell({ kind: 'hold', isHolding: true });
  const isFull = (status: FleetStatus) => (status.unsettled[victim.name] ?? 0) >= unsettledMin;
  const held = await fleet.until(isFull, 25_000, `${unsettledMin} frames unsettled on ${victim.name}`);
  const at = Date.now();
  await victim.kill('SIGKILL');
  faults.push({ from: at - 5_000, to: at + healingMs }); // what was held back is late by our own doing
  say(`kill -9 ${victim.name} with ${held.unsettled[victim.name]} frames unsettled`);
  fleet.tell({ kind: 'hold', isHolding: false });
  await sleep(5_000);
  await victim.restart();
  say(`${victim.name} is back`);
}

async function faultRedisAndNats(on: Cluster, poster: Outsider<PosterOrder, PosterStatus>): Promise<void> {
  await poster.until((status) => status.accepted >= messages * 0.55, 300_000, 'a good half posted');
  await on.services.redis.flush();
  faults.push({ from: Date.now(), to: Date.now() + healingMs });
  say('FLUSHALL on Redis');
  await poster.until((status) => status.accepted >= messages * 0.75, 300_000, 'three quarters posted');
  const at = Date.now();
  await on.services.nats.kill();
  say('kill -9 NATS');
  await sleep(1_000);
  await on.services.nats.restart();
  faults.push({ from: at, to: Date.now() + healingMs });
  say('NATS is back, empty');
}

function report(posted: readonly Posted[], seen: readonly Seen[], scraper: Scraper): boolean {
  const verdict = check(posted, seen, faults);
  const shares = scraper.shares();
  const rows: Figure[] = [
    {
      what: 'messages acknowledged with 202',
      is: verdict.acknowledged,
      must: `= ${messages}`,
      ok: verdict.acknowledged === messages,
    },
    { what: 'deliveries promised', is: verdict.deliveries },
    { what: 'missing', is: verdict.missing, must: '0', ok: verdict.missing === 0 },
    { what: 'again after its ack', is: verdict.againAfterAck, must: '0', ok: verdict.againAfterAck === 0 },
    { what: 'out of order (I6, I7)', is: verdict.outOfOrder, must: '0', ok: verdict.outOfOrder === 0 },
    { what: 'moved to another place (I4)', is: verdict.moved, must: '0', ok: verdict.moved === 0 },
    { what: 'at somebody else (I5)', is: verdict.strange, must: '0', ok: verdict.strange === 0 },
    { what: 'resumes denied (I16)', is: verdict.gaps, must: '0', ok: verdict.gaps === 0 },
    { what: 'again on the wire before its ack', is: verdict.again },
    ...judged({
      what: 'delivered live, % (metric)',
      is: round(shares.live * 100),
      must: '≥ 95',
      ok: shares.live >= 0.95,
    }),
    { what: 'by replay, %', is: round(shares.replay * 100) },
    { what: 'by anti-entropy, %', is: round(shares['anti-entropy'] * 100) },
    { what: 'p50 outside of faults, ms', is: verdict.p50Ms },
    ...judged({
      what: 'p99 outside of faults, ms',
      is: verdict.p99Ms,
      must: '< 1000',
      ok: verdict.p99Ms < 1_000,
    }),
    { what: 'longest delay, ms', is: verdict.maxMs },
  ];
  console.log(table(`seed ${seed}, ${sockets} sockets`, rows));
  return rows.every((row) => row.ok !== false);
}

/** A figure of speed: shown always, judged unless the run is about the promises only. */
function judged({ what, is, must, ok }: Required<Omit<Figure, 'isTime'>>): Figure[] {
  return [values['promises-only'] ? { what, is } : { what, is, must, ok }];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
