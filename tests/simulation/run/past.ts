/** What there was before a run began: every log has a past, which has expired and may be purged. */
import { type Entry, type LogKey, userKey } from '@carillon/domain';
import type { Random } from '@carillon/domain/ports';
import type { Operation } from '../store/view.js';
import { tenant } from '../world/services.js';
import type { Cluster } from './cluster.js';
import { dayMs } from './span.js';

/** @returns how many entries the log has now. */
export function preload(cluster: Cluster, log: LogKey, random: Random): number {
  const count = 3 + Math.floor(random.next() * 30);
  const acceptedAt = cluster.world.startMs - 40 * dayMs;
  for (let seq = 1; seq <= count; seq += 1) {
    const times = { acceptedAt, expiresAt: acceptedAt + 7 * dayMs };
    const row: Entry = { ...times, id: `msg_OLD${seq}@${log}`, log, seq, event: 'old', mark: 'emptied' };
    load(cluster, { kind: 'insert', row });
  }
  cluster.watch.truth.current.pastHeads.set(log, count);
  return count;
}

/** The user has been a member of the topic since some time in its past. */
export function preloadMember(
  cluster: Cluster,
  name: string,
  facts: { topic: LogKey; random: Random },
): void {
  const { topic, random } = facts;
  const user = userKey(tenant, name);
  const past = cluster.watch.truth.current.head(topic);
  const head = Math.floor(random.next() * (past + 1));
  const doc = { _id: `${user}@${topic}`, topic, user, head, joinedAt: cluster.world.startMs - dayMs };
  load(cluster, { kind: 'put', of: 'members', doc });
}

function load({ ground, watch }: Cluster, operation: Operation): void {
  ground.replicas.preload(operation);
  watch.truth.preload(operation);
}
