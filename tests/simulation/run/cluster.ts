/**
 * One whole loop of a run: Collects, Dispatches, Push nodes, Auth, devices with their tabs, producers. Starts
 * and replaces processes; decides nothing about faults.
 */

import { localCursors } from '@carillon/client';
import type { Entry, LogKey } from '@carillon/domain';
import type { Random } from '@carillon/domain/ports';
import { Balancer } from '../world/network.js';
import { AuthBoot, CollectBoot, DispatchBoot, type Ground, PushBoot } from '../world/services.js';
import { MapStorage, Tab } from '../world/tab.js';
import type { World } from '../world/world.js';
import { Producers } from './posts.js';
import { logOf, type TabState, type Watch } from './watch.js';

const dayMs = 86_400_000;

export type ServiceBoot = CollectBoot | DispatchBoot | PushBoot;

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
  readonly balancer: Balancer;
  readonly users: { readonly name: string; readonly log: LogKey }[] = [];
  /** Longest time of a handler from now on. */
  handlerMaxMs = 2_500;
  readonly world: World;
  #boots: ServiceBoot[] = [];
  readonly #bootCounts = new Map<string, number>();
  readonly #devices: Device[] = [];

  constructor(
    readonly ground: Ground,
    readonly watch: Watch,
    size: ClusterSize,
  ) {
    this.world = ground.world;
    this.producers = new Producers(this.world, watch);
    this.balancer = new Balancer(this.world, watch);
    ground.replicas.onCommit = (operation) => watch.onCommit(operation);
    void new AuthBoot(ground);
    for (let at = 1; at <= size.collects; at += 1) this.#boot('collect', at);
    for (let at = 1; at <= size.dispatches; at += 1) this.#boot('dispatch', at);
    for (let at = 1; at <= size.nodes; at += 1) this.#boot('push', at);
    for (let at = 1; at <= size.users; at += 1) this.#addUser(`u${at}`, size.devicesPerUser);
  }

  /** All services that live. */
  services = (): ServiceBoot[] => this.#boots.filter(({ process }) => process.life !== 'dead');

  /** Nothing is killed any more. */
  isHealed = false;

  /** Starts the next boot of this service after so long; what still lives then is killed first. */
  restart = (boot: ServiceBoot, ms: number): void => {
    this.world.after(ms, () => {
      if (this.isHealed && boot.process.life !== 'dead') return;
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
    const open = [...this.watch.tabs.values()].filter(({ isOpen }) => isOpen);
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
    const saved = localCursors({ local, session, random: () => 0.5 }).load()?.cursors.user;
    const handlerMaxMs = () => this.handlerMaxMs;
    const facts = { name, device: device.name, user, local, session, handlerMaxMs };
    const tab = new Tab(facts, this.watch, this.balancer);
    this.watch.addTab(tab, saved);
    tab.process.onDeath.push(() => {
      const state = this.watch.tabs.get(name);
      if (state) state.isOpen = false;
    });
  }

  /** Every log has a past, which has expired and may be purged; some devices have been here before. */
  #preload(log: LogKey, random: Random): number {
    const count = 3 + Math.floor(random.next() * 30);
    const acceptedAt = this.world.startMs - 40 * dayMs;
    for (let seq = 1; seq <= count; seq += 1) {
      const times = { acceptedAt, expiresAt: acceptedAt + 7 * dayMs };
      const row: Entry = { ...times, id: `msg_OLD${seq}@${log}`, log, seq, event: 'old', mark: 'emptied' };
      this.ground.replicas.preload(row);
      this.watch.preload(row);
    }
    return count;
  }

  #addUser(name: string, devices: number): void {
    const random = this.world.chance(`past of ${name}`);
    const log = logOf(name);
    this.users.push({ name, log });
    const count = this.#preload(log, random);
    for (let at = 1; at <= devices; at += 1) {
      const device = { user: name, name: `${name}/d${at}`, local: new MapStorage(), tabs: 0 };
      this.#devices.push(device);
      if (random.next() < 0.6) {
        const seq = Math.floor(random.next() * (count + 1));
        const saved = localCursors({
          local: device.local,
          session: new MapStorage(),
          random: () => random.next(),
        });
        saved.keep({ user: name, epoch: 'epoch-1', log: 'user', seq, isReset: false });
      }
      this.world.after(this.world.chance(device.name).next() * 2_000, () =>
        this.openTab(device, new MapStorage()),
      );
    }
  }

  #boot(kind: 'collect' | 'dispatch' | 'push', at: number): void {
    const count = (this.#bootCounts.get(`${kind}-${at}`) ?? 0) + 1;
    this.#bootCounts.set(`${kind}-${at}`, count);
    const boot = this.#bootOf(kind, `${kind}-${at}.${count}`);
    this.#boots = [...this.services(), boot];
    if (boot instanceof PushBoot) this.balancer.add(boot);
    this.producers.collects = this.services().filter((each) => each instanceof CollectBoot);
  }

  #bootOf(kind: 'collect' | 'dispatch' | 'push', name: string): ServiceBoot {
    if (kind === 'collect') return new CollectBoot(this.ground, name);
    if (kind === 'dispatch') return new DispatchBoot(this.ground, name);
    return new PushBoot(this.ground, name);
  }
}
