/**
 * What is posted, joined, recalled, erased and asked for while faults strike: drawn from the seed before
 * anything happens.
 */
import type { Random } from '@carillon/domain/ports';
import type { World } from '../world/world.js';
import { type Cluster, logs, topics } from './cluster.js';
import { pick } from './pick.js';
import type { Post } from './posts.js';
import { size } from './size.js';
import { calmEndMs, faultsFromMs, healMs, settledMs } from './span.js';

const faultyPosts = 44;
/** Nobody is there for this user, whose messages wait. */
export const absent = 'u9';
const absentPosts = 70;

interface PostFacts {
  readonly n: number;
  readonly request: number;
  readonly key: string | undefined;
  readonly isCalm: boolean;
}

export function planTraffic(cluster: Cluster): void {
  planPosts(cluster);
  planAbsent(cluster);
  planMembers(cluster);
  planTopics(cluster);
  planOffice(cluster);
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

export function newPost({ world, users }: Cluster, facts: PostFacts): Post {
  const random = world.chance(`post ${facts.n}`);
  const to = targetOf(
    random,
    users.map(({ name }) => name),
  );
  const isVolatile = random.next() < 0.08 && facts.key === undefined;
  if (isVolatile) return postOf({ ...facts, to, ttlS: 0 });
  const isShort = (random.next() < 0.3 || isShortLived(world, to)) && !facts.isCalm;
  const ttlS = isShort ? 1 + Math.floor(random.next() * 6) : undefined;
  return postOf({ ...facts, to, ttlS, ...extrasOf(random, facts.isCalm ? 3 : 8) });
}

function extrasOf(random: Random, delayMaxS: number): Pick<Post, 'delayS' | 'collapseKey'> {
  const isLater = random.next() < 0.12;
  const hasKey = random.next() < 0.25;
  return {
    delayS: isLater ? 1 + Math.floor(random.next() * delayMaxS) : undefined,
    collapseKey: hasKey ? `c${Math.floor(random.next() * 2)}` : undefined,
  };
}

type Wanted = PostFacts & Pick<Post, 'to'> & Partial<Pick<Post, 'ttlS' | 'delayS' | 'collapseKey'>>;

export function postOf(wanted: Wanted): Post {
  return {
    ...{ ttlS: undefined, delayS: undefined, collapseKey: undefined },
    ...wanted,
    logs: wanted.to.map(logOfTarget),
    ...{ postedAt: 0, acceptedAt: undefined, acceptedIn: undefined, id: undefined },
    ...{ isLost: false, attempts: [] },
  };
}

function targetOf(random: Random, users: readonly string[]): readonly string[] {
  const kind = random.next();
  const user = users[Math.floor(random.next() * users.length)];
  if (kind < 0.18) return users.map((name) => `user:${name}`);
  if (kind < 0.4) return [`topic:${pick(topics, random)}`];
  return kind < 0.5 ? ['all'] : [`user:${user}`];
}

function logOfTarget(target: string) {
  const [kind = '', name = ''] = target.split(':');
  if (kind === 'topic') return logs.topic(name);
  return kind === 'all' ? logs.all : logs.user(name);
}

/** In half of the seeds nothing of the last user lasts: that log ends in what has expired. */
function isShortLived(world: World, to: readonly string[]): boolean {
  return world.chance('short-lived').next() < 0.5 && to.includes(`user:u${size.users}`);
}

/** Of whom nothing is collected: at some point there is too much. */
function planAbsent({ world, producers }: Cluster): void {
  const random = world.chance('absent');
  if (random.next() > 0.25) return;
  for (let at = 0; at < absentPosts; at += 1) {
    const n = 5_000 + at;
    const when = faultsFromMs + random.next() * (settledMs - 6_000);
    world.after(when, () =>
      producers.post([postOf({ n, request: n, key: undefined, isCalm: false, to: [`user:${absent}`] })]),
    );
  }
}

/** Users come into topics and leave them, also when all is well. */
function planMembers({ world, office, users }: Cluster): void {
  const random = world.chance('members');
  const count = 4 + Math.floor(random.next() * 10);
  for (let at = 0; at < count; at += 1) {
    const user = pick(users, random)?.name ?? '';
    const topic = random.next() < 0.75 ? 'team.x' : 'news.b';
    const isMember = random.next() < 0.6;
    world.after(faultsFromMs + random.next() * (calmEndMs - 1_000), () =>
      office.member(user, topic, isMember),
    );
  }
}

/** Pages begin to listen for topics, and stop. */
function planTopics({ world, watch }: Cluster): void {
  const random = world.chance('topics');
  const count = 4 + Math.floor(random.next() * 12);
  for (let at = 0; at < count; at += 1) {
    const isCalm = random.next() < 0.3;
    const from = isCalm ? settledMs : faultsFromMs;
    const span = isCalm ? calmEndMs - settledMs : healMs - faultsFromMs;
    world.after(from + random.next() * span, () =>
      pick(watch.openTabs(), random)?.tab.toggle(pick(topics, random) ?? ''),
    );
  }
}

function planOffice({ world, office, users, producers }: Cluster): void {
  const random = world.chance('errands');
  office.recalls = random.next() < 0.6 ? random.next() * 0.2 : 0;
  const user = random.next() < 0.2 ? pick(users, random)?.name : undefined;
  const erasedAt = 2_000 + random.next() * (healMs - 2_000);
  if (user)
    for (const again of [0, 3_000, healMs - 2_000]) world.after(erasedAt + again, () => office.erase(user));
  const hasKeeping = random.next() < 0.5;
  if (hasKeeping)
    for (let at = 0; at < 5; at += 1) world.after(random.next() * settledMs, () => office.keep());
  // Those for later are taken back before and while they are fired.
  producers.onTaken = (post) => {
    if (post.delayS === undefined || post.isCalm || random.next() > office.recalls * 3) return;
    office.recallLater(post.id as string, post.delayS * 1_300);
  };
}
