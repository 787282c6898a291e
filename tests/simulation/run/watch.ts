/**
 * Sees everything that leaves or enters a part of the system and hands it to the rules (I1 to I17 of
 * docs/reference/delivery.md) while the run goes on. Must never change what it sees.
 */
import type { Gap, Message, Move } from '@carillon/client';
import { type LogKey, messageIdOf, type UserKey, userKey } from '@carillon/domain';
import type { Operation, View } from '../store/view.js';
import { tenant } from '../world/services.js';
import type { Tab } from '../world/tab.js';
import type { Wire, WireWatch } from '../world/wire.js';
import type { World } from '../world/world.js';
import { type Frame } from './frames.js';
import { Instances, type Saved, type TabState } from './instances.js';
import { Sockets } from './sockets.js';
import { Truth } from './truth.js';

/** A page's SDK ends only when its user was erased: an administrator ended the session. */
const endedByAdministrator = 4004;

export class Watch implements WireWatch {
  readonly truth: Truth;
  readonly instances: Instances;
  readonly sockets: Sockets;
  /** What the pages of each user said that they have read. */
  readonly #read = new Map<UserKey, Set<string>>();

  constructor(
    readonly world: World,
    committed: () => View,
  ) {
    this.truth = new Truth(world, committed);
    this.instances = new Instances(this.truth);
    this.sockets = new Sockets(this.truth, this.instances);
  }

  addTab(tab: Tab, saved: Saved | undefined): void {
    this.instances.add(tab, saved);
  }

  openTabs(): TabState[] {
    return [...this.instances.tabs.values()].filter(({ isOpen }) => isOpen);
  }

  /** The open tabs whose sockets follow this log. */
  followers(log: LogKey): TabState[] {
    return this.openTabs().filter(({ wire }) => wire && this.sockets.of(wire)?.lines.has(log));
  }

  /** How far this tab's socket was sent the log, and since when it follows it. */
  sentTo({ wire }: TabState, log: LogKey): { readonly seq: number; readonly since: number } | undefined {
    const line = wire && this.sockets.of(wire)?.lines.get(log);
    return line && { seq: Math.max(line.sent, line.acked), since: line.openedAt };
  }

  onCommit(operation: Operation): void {
    this.truth.onCommit(operation);
    if (operation.kind !== 'put' || operation.of !== 'reads') return;
    const { _id, user } = operation.doc as unknown as { readonly _id: string; readonly user: UserKey };
    const id = _id.slice(user.length + 1);
    if (!this.#read.get(user)?.has(id)) this.violate('I12', `${user} has not read ${id}`);
  }

  onServerSend(wire: Wire, text: string, decidedAt: number): void {
    const frame = JSON.parse(text) as Frame;
    if (frame.type === 'read') this.#echoed(wire, frame);
    this.sockets.onServerSend(wire, text, decidedAt);
  }

  onServerRead(wire: Wire, text: string): void {
    this.sockets.onServerRead(wire, text);
  }

  onMove(tab: Tab, move: Move): void {
    this.instances.onMove(tab, move);
  }

  onGap(tab: Tab, gap: Gap): void {
    this.instances.onGap(tab, gap);
  }

  onHandled(tab: Tab, message: Message): void {
    this.instances.onHandled(tab, message);
  }

  onSettled(tab: Tab, { log, seq }: Message): void {
    this.world.history.note('settle', tab.facts.name, log, seq);
  }

  onRead(tab: Tab, id: string): void {
    const user = userKey(tenant, tab.facts.user);
    this.world.history.note('read', tab.facts.name, id);
    this.#read.set(user, (this.#read.get(user) ?? new Set()).add(messageIdOf(id)));
  }

  /** The SDK has come to its end and does not come back. */
  onEnded(tab: Tab, code: number | undefined): void {
    const state = this.instances.of(tab);
    this.world.history.note('ended', tab.facts.name, code);
    const isMeant = code === endedByAdministrator && this.truth.erased.has(state.user);
    if (state.isOpen && !isMeant) this.violate('close', `${tab.facts.name} was ended with ${code}`);
  }

  violate(rule: string, text: string): void {
    this.world.history.violate(rule, text);
  }

  #echoed(wire: Wire, { ids = [] }: Frame): void {
    const owner = this.instances.tabs.get(wire.page.process.name);
    const strange = ids.filter((id) => owner && !this.#read.get(owner.user)?.has(id));
    if (strange.length > 0) this.violate('I12', `${wire.page.process.name} is told of ${strange.join()}`);
  }
}
