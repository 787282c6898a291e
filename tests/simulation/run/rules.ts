/**
 * The rules that are asked of a moment rather than of an event: is everything there, is it early enough, does
 * nothing of the dead remain. Must only be asked when the faults are healed.
 */
import { messageIdOf } from '@carillon/domain';
import { PushBoot } from '../world/services.js';
import type { Cluster } from './cluster.js';
import { parameters } from './parameters.js';
import type { Post } from './posts.js';
import { healMs } from './script.js';
import { logOf, numberOf, type TabState } from './watch.js';

/** A message of the calm part is on every open socket after so long, without any help of anti-entropy. */
const liveMs = 700;
/** A dead peer is noticed within one and a half heartbeats; then the next look, and the close time-out. */
const darkMaxMs = parameters.heartbeatMs * 1.5 + 3_500;

/** A node that stood still before the healing may do so for as long after it. */
const pauseMaxMs = 8_000;

/** Every open tab has its log up to the head. */
export function checkComplete(cluster: Cluster, rule: string): void {
  const { watch, world } = cluster;
  for (const state of watch.tabs.values()) {
    const { name, user } = state.tab.facts;
    if (!state.isOpen) continue;
    if (state.position === undefined) watch.violate(rule, `${name} was never welcomed`);
    const head = Math.max(0, ...(watch.entries.get(logOf(user))?.keys() ?? []));
    world.history.note('complete?', name, state.position, 'of', head);
    watch.explain({ log: logOf(user), after: state.position ?? 0, to: head, who: `${rule} ${name}` });
  }
}

/** Asks in time whether the message was on all sockets that were open. */
export function checkLive({ watch, world }: Cluster, post: Post): void {
  const acceptedAt = world.time;
  for (const user of post.users) {
    const seq = seqOf(watch, post, user);
    for (const state of watch.tabsOf(user)) lookLater({ state, acceptedAt, seq });
  }
  function lookLater(look: { state: TabState; acceptedAt: number; seq: number }): void {
    const { state, seq } = look;
    const dueAt = Math.max(look.acceptedAt, state.welcomedAt ?? 0) + liveMs;
    world.after(dueAt - world.time, () => {
      if (!state.isOpen) return;
      const isNewer = (state.welcomedAt ?? 0) + liveMs > world.time + 0.001;
      if (isNewer) lookLater(look);
      else if (watch.sentTo(state) < seq)
        watch.violate('L1', `${state.tab.facts.name} has not got ${seq} (${post.n}) after ${liveMs} ms`);
    });
  }
}

function seqOf(watch: Cluster['watch'], { n }: Post, user: string): number {
  for (const [seq, entry] of watch.entries.get(logOf(user)) ?? []) if (numberOf(entry) === n) return seq;
  return Number.POSITIVE_INFINITY;
}

/** What was promised to the producers, and what the nodes still hold. */
export function checkEnd(cluster: Cluster): void {
  const { watch } = cluster;
  checkComplete(cluster, 'I11');
  for (const post of watch.posts.values()) if (post.acceptedAt !== undefined) checkKept(cluster, post);
  checkOrder(cluster);
  checkDead(cluster);
  for (const boot of cluster.services()) {
    if (!(boot instanceof PushBoot)) continue;
    const open = [...watch.wires].filter((wire) => wire.node === boot.process && !wire.server.hasEnded);
    if (boot.registry.size > open.length)
      watch.violate(
        'I13',
        `${boot.process.name} has ${boot.registry.size} sessions on ${open.length} sockets`,
      );
  }
}

/** A7: a socket whose page is gone does not stay. While faults went on, nodes may have stood still. */
function checkDead({ watch, world }: Cluster): void {
  for (const wire of watch.wires) {
    if (wire.goneAt === undefined || wire.node.life === 'dead') continue;
    const heldMs = (wire.endedAt ?? world.time) - Math.max(wire.goneAt, healMs + pauseMaxMs);
    if (heldMs > darkMaxMs)
      watch.violate('A7', `${wire.node.name} held the socket of ${wire.page.process.name} for ${heldMs} ms`);
  }
}

function checkKept({ watch }: Cluster, post: Post): void {
  for (const user of post.users) {
    const seq = seqOf(watch, post, user);
    const entry = watch.entries.get(logOf(user))?.get(seq);
    if (!entry) watch.violate('I1', `${post.n} (${post.id}) got its 202 and is not in ${logOf(user)}`);
    else if (messageIdOf(entry.id) !== post.id)
      watch.violate('I1', `${post.n} was answered ${post.id} and is ${entry.id}`);
  }
}

/** I6: who was answered before another asked comes before it; a batch keeps its order. */
function checkOrder({ watch, users }: Cluster): void {
  for (const { name, log } of users) {
    const placed = [...(watch.entries.get(log) ?? [])]
      .sort(([one], [other]) => one - other)
      .flatMap(([seq, entry]) => {
        const post = watch.posts.get(numberOf(entry) ?? 0);
        return post ? [{ seq, post }] : [];
      });
    for (const [at, { seq, post }] of placed.entries()) {
      const wronged = placed.slice(at + 1).find((later) => isBefore(later.post, post));
      if (wronged)
        watch.violate('I6', `${name}: ${post.n} has ${seq}, before ${wronged.post.n} with ${wronged.seq}`);
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
