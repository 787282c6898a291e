/**
 * The rules that are asked of a moment rather than of an event: is everything there, is it early enough, does
 * nothing of the dead remain. Must only be asked when the faults are healed.
 */
import { type LogKey, messageIdOf } from '@carillon/domain';
import { PushBoot } from '../world/services.js';
import { type Cluster, logs, topics } from './cluster.js';
import { explain } from './excuses.js';
import type { TabState } from './instances.js';
import { parameters } from './parameters.js';
import type { Post } from './posts.js';
import { healMs } from './span.js';
import { isAllowed } from './starts.js';

/** A message of the calm part is on every open socket after so long, without any help of anti-entropy. */
const liveMs = 700;
/** A dead peer is noticed within one and a half heartbeats; then the next look, and the close time-out. */
const darkMaxMs = parameters.heartbeatMs * 1.5 + 3_500;
/** A node that stood still before the healing may do so for as long after it. */
const pauseMaxMs = 8_000;
/** What a page asks for, or a business system says, is done after so long, also where it had to be found. */
const followedMs = parameters.antiEntropyMs + 1_500;

/** Every open tab has its logs up to the head. */
export function checkComplete(cluster: Cluster, rule: string): void {
  const { watch, world } = cluster;
  const { current } = watch.truth;
  for (const state of watch.openTabs()) {
    const { name } = state.tab.facts;
    for (const log of logsOf(cluster, state)) {
      const known = state.logs.get(log);
      const head = current.head(log);
      world.history.note('complete?', name, log, known?.position, 'of', head);
      if (known?.position === undefined) watch.violate(rule, `${name} was never told where it is in ${log}`);
      else if (known.epoch !== current.epoch)
        watch.violate(rule, `${name} has not heard of the epoch in ${log}`);
      else explain(watch.truth, current, { log, after: known.position, to: head, who: `${rule} ${name}` });
    }
  }
}

/** What the page of this tab must have by now. */
function logsOf({ watch, world }: Cluster, { tab, user }: TabState): readonly LogKey[] {
  const followed = topics.filter((topic) => {
    const log = logs.topic(topic);
    const askedAt = isAllowed(log) ? tab.asked.get(topic) : undefined;
    if (askedAt !== undefined && askedAt + followedMs < world.time) return true;
    const spells = watch.truth.current.spellsOf(log, user, Infinity);
    return spells.some(({ from }) => from + followedMs < world.time);
  });
  return [logs.user(tab.facts.user), logs.all, ...followed.map(logs.topic)];
}

/** Asks in time whether the message was on all sockets that were open. */
export function checkLive({ watch, world }: Cluster, post: Post): void {
  if (post.ttlS === 0 || post.delayS !== undefined) return;
  const acceptedAt = world.time;
  for (const log of post.logs) {
    const seq = seqOf(watch, post, log);
    for (const state of watch.followers(log)) lookLater({ state, acceptedAt, log, seq });
  }
  function lookLater(look: { state: TabState; acceptedAt: number; log: LogKey; seq: number }): void {
    const { state, log, seq } = look;
    const since = watch.sentTo(state, log)?.since ?? 0;
    world.after(Math.max(look.acceptedAt, since) + liveMs - world.time, () => {
      const sent = watch.sentTo(state, log);
      if (!state.isOpen || !sent) return;
      const isNewer = sent.since + liveMs > world.time + 0.001;
      if (isNewer) lookLater(look);
      else if (sent.seq < seq)
        watch.violate(
          'L1',
          `${state.tab.facts.name} has not got ${log} ${seq} (${post.n}) after ${liveMs} ms`,
        );
    });
  }
}

function seqOf({ truth }: Cluster['watch'], { n }: Post, log: LogKey): number {
  for (const [seq, entry] of truth.current.entries.get(log) ?? [])
    if (truth.postOf(entry)?.n === n) return seq;
  return Number.POSITIVE_INFINITY;
}

/** What was promised to the producers, and what the nodes still hold. */
export function checkEnd(cluster: Cluster): void {
  const { watch } = cluster;
  checkComplete(cluster, 'I11');
  for (const post of watch.truth.posts.values()) if (post.acceptedAt !== undefined) checkKept(cluster, post);
  checkOrder(cluster);
  checkSchedule(cluster);
  checkDead(cluster);
  for (const boot of cluster.services()) {
    if (!(boot instanceof PushBoot)) continue;
    const open = [...watch.sockets.wires].filter(
      (wire) => wire.node === boot.process && !wire.server.hasEnded,
    );
    if (boot.registry.size > open.length)
      watch.violate(
        'I13',
        `${boot.process.name} has ${boot.registry.size} sessions on ${open.length} sockets`,
      );
  }
}

/** A7: a socket whose page is gone does not stay. While faults went on, nodes may have stood still. */
function checkDead({ watch, world }: Cluster): void {
  for (const wire of watch.sockets.wires) {
    if (wire.goneAt === undefined || wire.node.life === 'dead') continue;
    const heldMs = (wire.endedAt ?? world.time) - Math.max(wire.goneAt, healMs + pauseMaxMs);
    if (heldMs > darkMaxMs)
      watch.violate('A7', `${wire.node.name} held the socket of ${wire.page.process.name} for ${heldMs} ms`);
  }
}

/** I1, and each message that was for later is there once, or was taken back. */
function checkKept({ watch }: Cluster, post: Post): void {
  const { truth } = watch;
  if (!isPromised(watch, post)) return;
  for (const log of post.logs) {
    const entry = truth.current.at(log, seqOf(watch, post, log));
    if (!entry) watch.violate('I1', `${post.n} (${post.id}) got its 202 and is not in ${log}`);
    else if (messageIdOf(entry.id) !== post.id)
      watch.violate('I1', `${post.n} was answered ${post.id} and is ${entry.id}`);
  }
}

/** What is taken back before its time, or before all of it was stored, need not come any more. */
function isPromised(
  { truth }: Cluster['watch'],
  { id = '', isLost, ttlS, delayS, acceptedAt = 0 }: Post,
): boolean {
  const recall = truth.recalls.get(id);
  const isTakenBack = recall && (delayS !== undefined || recall.askedAt < acceptedAt);
  return !isLost && ttlS !== 0 && !isTakenBack;
}

/** What was due long ago has been fired or cancelled. */
function checkSchedule({ watch, ground, world }: Cluster): void {
  for (const { _id, state, dueAt } of ground.replicas.committed.docs.scheduled.values()) {
    const isLate = (dueAt as number) < world.startMs + world.time - followedMs;
    if (isLate && state !== 'fired' && state !== 'cancelled')
      watch.violate('due', `${_id} is still ${String(state)}`);
  }
}

/** I6: who was answered before another asked comes before it; a batch keeps its order. */
function checkOrder({ watch }: Cluster): void {
  const { truth } = watch;
  for (const [log, rows] of truth.current.entries) {
    const placed = [...rows]
      .sort(([one], [other]) => one - other)
      .flatMap(([seq, entry]) => {
        const post = truth.postOf(entry);
        return post && post.delayS === undefined && !post.isLost ? [{ seq, post }] : [];
      });
    for (const [at, { seq, post }] of placed.entries()) {
      const wronged = placed.slice(at + 1).find((later) => isBefore(later.post, post));
      if (wronged)
        watch.violate('I6', `${log}: ${post.n} has ${seq}, before ${wronged.post.n} with ${wronged.seq}`);
    }
  }
}

/** Whether this one was promised a place before the other. */
function isBefore(one: Post, other: Post): boolean {
  if ((one.acceptedAt ?? Number.POSITIVE_INFINITY) < other.postedAt) return true;
  return isOneRequest(one, other) && one.n < other.n;
}

/** Both were taken by the first attempt of one request: a later attempt only adds what the first left out. */
function isOneRequest(one: Post, other: Post): boolean {
  return one.request === other.request && one.acceptedIn === 1 && other.acceptedIn === 1;
}
