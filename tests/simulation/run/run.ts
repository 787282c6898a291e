/**
 * One run of one seed: faults, healing, a calm part with probes, and the rules over what remains at the end.
 * The same seed gives the same run.
 */
import { createHash } from 'node:crypto';
import type { Violation } from '../world/history.js';
import { Ground } from '../world/services.js';
import { World } from '../world/world.js';
import { Cluster } from './cluster.js';
import { parameters } from './parameters.js';
import type { Post } from './posts.js';
import { checkComplete, checkEnd, checkLive } from './rules.js';
import { heal, healMs, planFaults } from './script.js';
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

const size = { collects: 2, dispatches: 2, nodes: 2, users: 3, devicesPerUser: 2 };
/** Anti-entropy, dead sockets and back-off are over by then. */
const settledMs = healMs + 20_000;
const calmEndMs = settledMs + 4_000;
const endMs = calmEndMs + 10_000;
const faultyPosts = 40;
const calmPosts = 12;
const probePosts = 12;

export async function runSeed(seed: number): Promise<RunResult> {
  const world = new World(seed);
  const watch = new Watch(world, parameters.ackWindow);
  const isAbroad = (error: unknown) =>
    watch.violate('fault', `unhandled: ${(error as Error)?.stack ?? String(error)}`);
  process.on('unhandledRejection', isAbroad);
  try {
    const cluster = new Cluster(await Ground.open(world, parameters), watch, size);
    planFaults(cluster);
    planPosts(cluster);
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

function planPosts(cluster: Cluster): void {
  const { world } = cluster;
  const random = world.chance('posts');
  for (let n = 1, request = 1; n <= faultyPosts; request += 1) {
    const count = random.next() < 0.15 ? 2 + Math.floor(random.next() * 8) : 1;
    const key = random.next() < 0.6 ? `key-${request}` : undefined;
    const posts = Array.from({ length: count }, () =>
      newPost(cluster, { n: n++, request, key, isCalm: false }),
    );
    const at = 200 + random.next() * (healMs - 200);
    world.after(at, () => cluster.producers.post(posts));
  }
}

interface PostFacts {
  readonly n: number;
  readonly request: number;
  readonly key: string | undefined;
  readonly isCalm: boolean;
}

function newPost({ world, users }: Cluster, facts: PostFacts): Post {
  const random = world.chance(`post ${facts.n}`);
  const isList = random.next() < 0.2;
  const first = Math.floor(random.next() * users.length);
  const chosen = isList ? users.map(({ name }) => name) : [users[first]?.name ?? ''];
  const chosenShort = random.next() < 0.35 || isShortLived(world, chosen);
  const ttlS = !facts.isCalm && chosenShort ? 1 + Math.floor(random.next() * 6) : undefined;
  return {
    ...facts,
    users: chosen,
    ttlS,
    postedAt: 0,
    acceptedAt: undefined,
    acceptedIn: undefined,
    id: undefined,
  };
}

/** In half of the seeds nothing of the last user lasts: that log ends in what has expired. */
function isShortLived(world: World, users: readonly string[]): boolean {
  return world.chance('short-lived').next() < 0.5 && users.includes(`u${size.users}`);
}

/** First tabs come and go while messages are posted, then there are only messages. */
function planCalm(cluster: Cluster): void {
  const { world, producers, watch } = cluster;
  const random = world.chance('calm');
  producers.onAccepted = (post) => {
    if (post.isCalm) checkLive(cluster, post);
  };
  const post = (n: number, user?: string) => {
    const facts = { n, request: n, key: undefined, isCalm: true };
    const drawn = newPost(cluster, facts);
    producers.post([user === undefined ? drawn : { ...drawn, users: [user] }]);
  };
  let sockets = 0;
  // Between the route and the read of a session that begins.
  cluster.balancer.onSocket = (page) => {
    const user = watch.tabs.get(page.name)?.tab.facts.user;
    const isCalm = world.time > settledMs && world.time < calmEndMs;
    const n = 3_000 + sockets++;
    if (isCalm && user) world.after(random.next() * 60, () => post(n, user));
  };
  world.after(healMs, () => {
    cluster.handlerMaxMs = 20;
  });
  for (let at = 0; at < calmPosts; at += 1) {
    const when = settledMs + random.next() * (calmEndMs - settledMs - 600);
    world.after(when, () => cluster.reloadOne(random));
    for (let near = 0; near < 1; near += 1)
      world.after(when + random.next() * 650, () => post(1_000 + at * 10 + near));
  }
  for (let at = 0; at < probePosts; at += 1)
    world.after(calmEndMs + 3_000 + random.next() * 1_000, () => post(2_000 + at));
}

function resultOf(world: World, watch: Watch): RunResult {
  const posts = [...watch.posts.values()];
  const history = world.history.text();
  return {
    seed: world.seed,
    violations: world.history.violations,
    history,
    hash: createHash('sha256').update(history).digest('hex'),
    posted: posts.length,
    accepted: posts.filter(({ acceptedAt }) => acceptedAt !== undefined).length,
    frames: watch.frames,
    events: world.events,
  };
}
