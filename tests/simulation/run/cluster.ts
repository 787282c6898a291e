/**
 * One whole loop of a run: Collects, Dispatches, Push nodes, Auth, devices with their tabs, producers. Starts
 * and replaces processes; decides nothing about faults.
 */

import { localCursors } from '@carillon/client';
import { allLog, type LogKey, topicLog, userKey, userLog } from '@carillon/domain';
import type { Random } from '@carillon/domain/ports';
import { Balancer } from '../world/network.js';
import type { Process } from '../world/process.js';
import { AuthBoot, CollectBoot, DispatchBoot, type Ground, PushBoot, tenant } from '../world/services.js';
import { MapStorage, Tab } from '../world/tab.js';
import type { World } from '../world/world.js';
import type { TabState } from './instances.js';
import { Office } from './office.js';
import { preload, preloadMember } from './past.js';
import { pick } from './pick.js';
import { Producers } from './posts.js';
import type { Watch } from './watch.js';

export type ServiceBoot = CollectBoot | DispatchBoot | PushBoot;

/** Topics that pages ask for, and one that only business systems let anybody follow. */
export const topics = ['news.a', 'news.b', 'team.x'] as const;
export const logs = {
  all: allLog(tenant),
  user: (name: string) => userLog(userKey(tenant, name)),
  topic: (name: string) => topicLog(tenant, name),
};
/** A machine's clock is so wrong that nobody may believe it, or little enough to be corrected. */
const skewsMs = [-600_000, 600_000, -2_000, 2_000];

export interface ClusterSize {
  readonly collects: number;
  readonly dispatches: number;
  readonly nodes: number;
  readonly users: number;
  readonly devicesPerUser: number;
}

interface Device {
  readonly user: string;
  readonly name: string;
  readonly local: MapStorage;
  tabs: number;
}

export class Cluster {
  readonly producers: Producers;
  readonly office: Office;
  readonly balancer: Balancer;
  readonly users: { readonly name: string; readonly log: LogKey }[] = [];
  /** Those that purge beside the services. */
  readonly janitors = new Set<Process>();
  /** Longest time of a handler from now on. */
  handlerMaxMs = 2_500;
  /** How often a machine boots with a wrong clock. */
  wrongClocks = 0;
  readonly world: World;
  #boots: ServiceBoot[] = [];
  readonly #bootCounts = new Map<string, number>();
  readonly #devices: Device[] = [];
  readonly #clocks: Random;

  constructor(
    readonly ground: Ground,
    readonly watch: Watch,
    size: ClusterSize,
  ) {
    this.world = ground.world;
    this.producers = new Producers(this.world, watch);
    this.office = new Office(this.world, watch);
    const past = this.world.chance('past');
    for (const log of [logs.all, ...topics.map(logs.topic)]) preload(this, log, past);
    this.#clocks = this.world.chance('clocks');
    this.wrongClocks = this.#clocks.next() < 0.3 ? 0.4 : 0;
    this.balancer = new Balancer(this.world, watch);
    ground.replicas.onCommit = (operation) => watch.onCommit(operation);
    watch.truth.onPlaced = (row, post) => this.office.onPlaced(row, post);
    void new AuthBoot(ground);
    this.startAll(size);
    for (let at = 1; at <= size.users; at += 1) this.#addUser(`u${at}`, size.devicesPerUser);
  }

  /** All services that live. */
  services = (): ServiceBoot[] => this.#boots.filter(({ process }) => process.life !== 'dead');

  /** Nothing is killed any more. */
  isHealed = false;
  /** No service runs, and none is started. */
  isStopped = false;

  /** All services end at once, and whoever purges, until `startAll`. */
  stopAll(): void {
    this.isStopped = true;
    for (const boot of this.services()) {
      boot.bus.line.goAway(); // what it had sent is long gone when somebody starts again
      boot.process.crash();
    }
    for (const janitor of this.janitors) janitor.crash();
    this.janitors.clear();
  }

  startAll({ collects, dispatches, nodes }: ClusterSize): void {
    this.isStopped = false;
    for (let at = 1; at <= collects; at += 1) this.#boot('collect', at);
    for (let at = 1; at <= dispatches; at += 1) this.#boot('dispatch', at);
    for (let at = 1; at <= nodes; at += 1) this.#boot('push', at);
  }

  /** Starts the next boot of this service after so long; what still lives then is killed first. */
  restart = (boot: ServiceBoot, ms: number): void => {
    this.world.after(ms, () => {
      if (this.isStopped || (this.isHealed && boot.process.life !== 'dead')) return;
      boot.process.trap = undefined;
      if (boot.process.life !== 'dead') boot.process.crash();
      const [kind, at] = boot.process.name.split(/[-.]/);
      if (!this.services().some(({ process }) => process.name.startsWith(`${kind}-${at}.`)))
        this.#boot(kind as 'collect', Number(at));
    });
  };

  /** One Push node goes away in good order, and its next boot comes. */
  drainOne(random: Random): void {
    const nodes = this.services().filter((boot) => boot instanceof PushBoot && !boot.isDraining);
    const node = nodes[Math.floor(random.next() * nodes.length)] as PushBoot | undefined;
    if (!node) return;
    node.process.enter(() => {
      void node.drain().then(() => {
        this.world.history.note('drained', node.process.name);
        node.process.crash();
        this.restart(node, 500);
      });
    });
  }

  /** A tab of some device is closed or dies, and another is opened. */
  reloadOne(random: Random): void {
    const open = this.watch.openTabs();
    const state = open[Math.floor(random.next() * open.length)];
    if (!state) return;
    const { tab } = state;
    const device = this.#devices.find(({ name }) => name === tab.facts.device) as Device;
    this.closeTab(state, random);
    // A reload keeps the tab's own memory, a new tab has none.
    const session = random.next() < 0.6 ? tab.facts.session : new MapStorage();
    this.world.after(random.next() * 600, () => this.openTab(device, session));
  }

  closeTab(state: TabState, random: Random): void {
    const { process, carillon } = state.tab;
    state.isOpen = false;
    if (random.next() < 0.4) process.enter(() => carillon.close());
    this.world.after(5, () => {
      process.crash();
      this.balancer.lose(process);
    });
  }

  openTab(device: Device, session: MapStorage): void {
    device.tabs += 1;
    const name = `${device.name}.tab${device.tabs}`;
    const { user, local } = device;
    const handlerMaxMs = () => this.handlerMaxMs;
    const onEnded = () => this.#openAgain(device, name);
    const facts = { name, device: device.name, user, local, session, handlerMaxMs, onEnded };
    const tab = new Tab(facts, this.watch, this.balancer);
    tab.process.onDeath.push(() => {
      this.watch.instances.of(tab).isOpen = false;
    });
    const random = this.world.chance(`topics of ${name}`);
    for (const topic of topics) if (random.next() < (topic === 'team.x' ? 0.15 : 0.5)) tab.toggle(topic);
  }

  /** Its session was ended: the page is loaded anew. */
  #openAgain(device: Device, name: string): void {
    const state = this.watch.instances.tabs.get(name);
    if (!state?.isOpen) return;
    state.isOpen = false;
    const random = this.world.chance(`again ${name}`);
    this.world.after(5, () => {
      this.closeTab(state, random);
      this.world.after(300 + random.next() * 1_000, () => this.openTab(device, state.tab.facts.session));
    });
  }

  #addUser(name: string, devices: number): void {
    const random = this.world.chance(`past of ${name}`);
    const log = logs.user(name);
    this.users.push({ name, log });
    const count = preload(this, log, random);
    if (random.next() < 0.5) preloadMember(this, name, { topic: logs.topic('team.x'), random });
    for (let at = 1; at <= devices; at += 1) {
      const device = { user: name, name: `${name}/d${at}`, local: new MapStorage(), tabs: 0 };
      this.#devices.push(device);
      this.#remember(device, { user: count, all: this.watch.truth.current.head(logs.all) }, random);
      this.world.after(this.world.chance(device.name).next() * 2_000, () =>
        this.openTab(device, new MapStorage()),
      );
    }
  }

  /** Some devices have been here before, at most so far. */
  #remember(device: Device, heads: Readonly<Record<string, number>>, random: Random): void {
    const { local, user } = device;
    const saved = localCursors({ local, session: new MapStorage(), random: () => random.next() });
    for (const [log, head] of Object.entries(heads)) {
      if (random.next() < 0.4) continue;
      const seq = Math.floor(random.next() * (head + 1));
      saved.keep({ user, epoch: 'epoch-1', log, seq, isReset: false });
    }
  }

  #boot(kind: 'collect' | 'dispatch' | 'push', at: number): void {
    const count = (this.#bootCounts.get(`${kind}-${at}`) ?? 0) + 1;
    this.#bootCounts.set(`${kind}-${at}`, count);
    const boot = this.#bootOf(kind, `${kind}-${at}.${count}`);
    this.#boots = [...this.services(), boot];
    if (boot instanceof PushBoot) this.balancer.add(boot);
    this.producers.collects = this.services().filter((each) => each instanceof CollectBoot);
    this.office.collects = this.producers.collects;
  }

  #bootOf(kind: 'collect' | 'dispatch' | 'push', name: string): ServiceBoot {
    const isWrong = !this.isHealed && this.#clocks.next() < this.wrongClocks;
    const skewMs = isWrong ? (pick(skewsMs, this.#clocks) ?? 0) : 0;
    if (kind === 'collect') return new CollectBoot(this.ground, name, skewMs);
    if (kind === 'dispatch') return new DispatchBoot(this.ground, name, 0);
    return new PushBoot(this.ground, name, skewMs);
  }
}
