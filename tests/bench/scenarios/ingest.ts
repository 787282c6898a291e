// HTTP alone: what Collect spends on a POST until the message is queued, and until its 202.
import { setTimeout as sleep } from 'node:timers/promises';
import { CarillonRig, measured } from '../carillon-rig.ts';
import { type Contestant, contest } from '../contest.ts';
import { costBars, courseTable, ratioOf } from '../course-table.ts';
import { LoadClient } from '../load-client.ts';
import { startScript } from '../peers/peer.ts';
import type { Processes } from '../process-figures.ts';
import type { Bench, Outcome, Scenario } from '../scenario.ts';

const producers = 64;
const batch = 100;
const batchProducers = 4;
const users = 5_000;
/** Longer than a Collect remembers a Dispatch. */
const dispatchForgottenMs = 3_500;
const floor = 'node:http';
const queued = 'Collect, until queued';
const budgetMicros = 20;
/** What node:http cost where the budget was made. */
const floorThereMicros = 12.5;

export const ingest: Scenario = {
  name: 'ingest',
  title: 'HTTP alone',
  about: `What one POST costs the process that takes it. *until queued*: Collect with a store in memory and
no Dispatch, so that nothing but HTTP, the key, the schema, the queue and its commit is left.
*until 202*: the same with MongoDB. *node:http* is the floor: \`JSON.parse\` and an answer. Nobody
is connected.`,
  seconds: { quick: { fixed: 20, perRound: 3 }, full: { fixed: 25, perRound: 4 } },
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const singles = bench.isQuick ? 6_000 : 15_000;
  const batched = singles * 4;
  const single = { users, messages: singles, batch: 1, workers: producers };
  const many = { users, messages: batched, batch, workers: batchProducers };
  const server = bench.resources.add(await startScript(bench.pins, { script: 'post-floor.ts', args: [] }));
  const load = new LoadClient(bench.program, bench.pins);
  bench.resources.add({ stop: async () => load.end() });
  const memory = await collectAlone(bench, { STORE_KIND: 'memory' });
  const mongo = await collectAlone(bench, {});
  const of = (name: string, alone: Alone, order: typeof single): Contestant => ({
    name,
    lacks: '',
    round: () => answered(alone, order),
  });
  const http = {
    load,
    url: `http://127.0.0.1:${server.port}`,
    key: '',
    processes: new Map([['node', [server.pid]]]),
  };
  const lacks = 'check the key or the schema, store';
  const courses = await contest(
    [
      { ...of(floor, http, single), lacks },
      { ...of(queued, memory, single), lacks: 'store durably' },
      of('Collect, until 202', mongo, single),
      { ...of(`${floor}, batches of ${batch}`, http, many), lacks },
      { ...of(`${queued}, batches of ${batch}`, memory, many), lacks: 'store durably' },
      of(`Collect, until 202, batches of ${batch}`, mongo, many),
    ],
    bench,
  );
  return {
    setting: [
      `${singles.toLocaleString('en-US')} single messages of ${producers} producers and`,
      `${batched.toLocaleString('en-US')} in batches of ${batch} of ${batchProducers} producers per`,
      'round; data of about 120 bytes. Latencies: POST to answer. Only the process that takes the POST',
      'is counted.',
    ],
    tables: [courseTable(courses, { name: floor, caption: '' })],
    plots: [costBars(courses, 'ingest', 'HTTP alone: CPU µs per message of the process that takes it')],
    budgets: [
      {
        what: `single POST until queued (${budgetMicros} µs where node:http costs ${floorThereMicros})`,
        figure: ratioOf(courses, queued, floor),
        unit: `× ${floor}`,
        atMost: budgetMicros / floorThereMicros,
        kind: 'ratio',
      },
    ],
    absent: [],
  };
}

interface Alone {
  readonly load: LoadClient;
  readonly url: string;
  readonly key: string;
  readonly processes: Processes;
}

async function collectAlone(bench: Bench, env: Readonly<Record<string, string>>): Promise<Alone> {
  const { cluster, load } = await CarillonRig.start(bench, { env });
  const named = (name: string) => cluster.processes.filter((app) => app.name === name);
  await Promise.all(named('dispatch').map((app) => app.kill()));
  await sleep(dispatchForgottenMs);
  const processes = new Map([['collect', named('collect').map(({ pid }) => pid)]]);
  return { load, url: cluster.collectUrl, key: cluster.adminKey, processes };
}

async function answered(
  { load, url, key, processes }: Alone,
  order: Omit<Parameters<LoadClient['posts']>[0], 'url'>,
) {
  const sample = await measured({
    load,
    processes,
    deliveries: order.messages,
    begin: () => load.posts({ ...order, url, key }),
    until: 'answer',
    isDone: ({ accepted, posting }) => accepted >= order.messages && posting === 0,
  });
  return sample;
}
