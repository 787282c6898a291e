/**
 * A list with a key whose Collect dies when its first entry is durable and the others are not; it is recalled
 * before the producer repeats it. Chance alone brings this about too seldom.
 */
import { type Cluster, logs } from './cluster.js';
import { faultsFromMs } from './span.js';
import { postOf } from './traffic.js';

const halfN = 6_000;
const recallMaxMs = 3_000;

export function planHalf(cluster: Cluster): void {
  const { world, producers, office, watch } = cluster;
  const random = world.chance('half');
  if (random.next() > 0.3) return;
  const to = cluster.users.map(({ name }) => `user:${name}`);
  const post = postOf({ n: halfN, request: halfN, key: 'half', isCalm: false, to });
  world.after(faultsFromMs + random.next() * 1_500, () => producers.post([post]));
  const { onPlaced } = watch.truth;
  watch.truth.onPlaced = (row, placed) => {
    onPlaced(row, placed);
    if (placed !== post || row.log !== logs.user(to[0]?.slice('user:'.length) ?? '')) return;
    const { process } = post.attempts.at(-1) ?? {};
    const boot = cluster.services().find((each) => each.process === process);
    if (!boot) return;
    world.after(0, () => boot.process.crash());
    cluster.restart(boot, 500);
    office.recallLater(row.id, recallMaxMs);
  };
}
