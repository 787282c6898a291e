/**
 * One run of one seed: faults, healing, a calm part with probes, and the rules over what remains at the end.
 * The same seed gives the same run.
 */
import { createHash } from 'node:crypto';
import type { Violation } from '../world/history.js';
import { Ground } from '../world/services.js';
import { World } from '../world/world.js';
import { Cluster, topics } from './cluster.js';
import { planHalf } from './half.js';
import { fixedTimes, parameters } from './parameters.js';
import { pick } from './pick.js';
import { checkComplete, checkEnd, checkLive } from './rules.js';
import { heal, planFaults } from './script.js';
import { size } from './size.js';
import { calmEndMs, endMs, healMs, settledMs } from './span.js';
import { newPost, planTraffic, postOf } from './traffic.js';
import { Watch } from './watch.js';

export interface RunResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly history: string;
  readonly hash: string;
  readonly posted: number;
  readonly accepted: number;
  readonly frames: number;
  readonly events: number;
}

const calmPosts = 12;
const probePosts = 14;
const freshTopics = 10;

export async function runSeed(seed: number): Promise<RunResult> {
  const world = new World(seed);
  const ground = await Ground.open(world, parameters, fixedTimes);
  const watch = new Watch(world, () => ground.replicas.committed);
  const isAbroad = (error: unknown) =>
    watch.violate('fault', `unhandled: ${(error as Error)?.stack ?? String(error)}`);
  process.on('unhandledRejection', isAbroad);
  try {
    const cluster = new Cluster(ground, watch, size);
    planFaults(cluster);
    planTraffic(cluster);
    planHalf(cluster);
    world.after(healMs, () => heal(cluster));
    world.after(settledMs, () => checkComplete(cluster, 'I3'));
    planCalm(cluster);
    world.after(endMs, () => checkEnd(cluster));
    await world.run(endMs + 1);
  } finally {
    process.off('unhandledRejection', isAbroad);
  }
  return resultOf(world, watch);
}

/** First tabs come and go while messages are posted, then there are only messages. */
function planCalm(cluster: Cluster): void {
  const { world, producers, watch } = cluster;
  const random = world.chance('calm');
  producers.onAccepted = (post) => {
    if (post.isCalm) checkLive(cluster, post);
  };
  const post = (n: number, to?: string) => {
    const facts = { n, request: n, key: undefined, isCalm: true };
    producers.post([to === undefined ? newPost(cluster, facts) : postOf({ ...facts, to: [to] })]);
  };
  let sockets = 0;
  // Between the route and the read of a session that begins.
  cluster.balancer.onSocket = (page) => {
    const user = watch.instances.tabs.get(page.name)?.tab.facts.user;
    const isCalm = world.time > settledMs && world.time < calmEndMs;
    const n = 3_000 + 10 * sockets++;
    if (!isCalm || !user) return;
    world.after(random.next() * 60, () => post(n, `user:${user}`));
    world.after(random.next() * 60, () => post(n + 1, `topic:${pick(topics, random)}`));
  };
  world.after(healMs, () => {
    cluster.handlerMaxMs = 20;
  });
  for (let at = 0; at < calmPosts; at += 1) {
    const when = settledMs + random.next() * (calmEndMs - settledMs - 600);
    world.after(when, () => cluster.reloadOne(random));
    world.after(when + random.next() * 650, () => post(1_000 + at * 10));
  }
  // Topics that no node hears yet.
  for (let at = 0; at < freshTopics; at += 1) {
    world.after(settledMs + random.next() * (calmEndMs - settledMs), () => {
      pick(watch.openTabs(), random)?.tab.toggle(`news.fresh${at}`);
      world.after(random.next() * 60, () => post(4_000 + at, `topic:news.fresh${at}`));
    });
  }
  for (let at = 0; at < probePosts; at += 1)
    world.after(calmEndMs + 3_000 + random.next() * 1_000, () => post(2_000 + at));
}

function resultOf(world: World, watch: Watch): RunResult {
  const posts = [...watch.truth.posts.values()];
  const history = world.history.text();
  return {
    seed: world.seed,
    violations: world.history.violations,
    history,
    hash: createHash('sha256').update(history).digest('hex'),
    posted: posts.length,
    accepted: posts.filter(({ acceptedAt }) => acceptedAt !== undefined).length,
    frames: watch.sockets.frames,
    events: world.events,
  };
}
