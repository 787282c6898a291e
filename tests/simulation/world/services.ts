/**
 * The real services as processes of the simulation: each is made of its Nest module's own providers over the
 * ports of one process. Must never replace anything above the ports.
 */
import { MemoryHub } from '@carillon/bus-memory';
import { CollectModule } from '@carillon/collect';
import { DispatchModule } from '@carillon/dispatch';
import { type AuthPolicy, fromJsonBytes, subjects, toJsonBytes, type VerifyRequest } from '@carillon/domain';
import { Health, readConfig, type ServiceContext } from '@carillon/platform';
import { PushModule } from '@carillon/push';
import { MemoryRouteData } from '@carillon/routes-memory';
import { MemoryData, MemoryStore } from '@carillon/store-memory';
import { CollectLife } from '../../../libs/services/collect/src/collect-life.js';
import { MessageIntake } from '../../../libs/services/collect/src/message-intake.js';
import { DispatchLife } from '../../../libs/services/dispatch/src/dispatch-life.js';
import { Drain } from '../../../libs/services/push/src/node/drain.js';
import { PushNode } from '../../../libs/services/push/src/push-node.js';
import { Registry } from '../../../libs/services/push/src/session/registry.js';
import { PushGateway } from '../../../libs/services/push/src/socket/push.gateway.js';
import { openStore, type StoreWorld } from '../store/process-store.js';
import { ReplicaSet } from '../store/replica-set.js';
import { ProcessBus } from './bus.js';
import { Injector, type ModuleFacts } from './injector.js';
import { Process } from './process.js';
import { ProcessRoutes } from './routes.js';
import { Wind } from './wind.js';
import type { World } from './world.js';

/** Parameters of delivery.md section 12 that a run changes, so that much happens in little time. */
export type Parameters = Readonly<Record<string, number>>;

export const tenant = 'demo';
const services = ['auth', 'collect', 'dispatch', 'push'] as const;
const baseConfig = readConfig(services, { CARILLON_NODE: 'simulation' });

/** What all processes stand on. */
export class Ground {
  readonly hub = new MemoryHub();
  readonly routeData = new MemoryRouteData();
  readonly replicas: ReplicaSet;
  readonly store: StoreWorld;

  private constructor(
    readonly world: World,
    readonly parameters: Parameters,
    ledger: MemoryStore,
  ) {
    this.replicas = new ReplicaSet(world);
    this.store = { replicas: this.replicas, ledger };
  }

  static async open(world: World, parameters: Parameters): Promise<Ground> {
    const ledger = await MemoryStore.open({ clock: new Wind(world), data: new MemoryData('ledger') });
    return new Ground(world, parameters, ledger);
  }
}

/** One boot of one service. */
abstract class Boot {
  readonly process: Process;
  readonly bus: ProcessBus;
  protected readonly parts: Injector;

  constructor(ground: Ground, name: string, moduleOf: (context: ServiceContext) => ModuleFacts) {
    this.process = new Process(ground.world, name);
    this.bus = new ProcessBus(ground.world, ground.hub, this.process);
    const { clock, random } = this.process;
    const delivery = { ...baseConfig.delivery, ...ground.parameters };
    const context = {
      config: { ...baseConfig, delivery, collect: { ...baseConfig.collect, ...ground.parameters } },
      node: name.slice(0, name.indexOf('.')),
      store: openStore(ground.store, this.process),
      routes: new ProcessRoutes(ground.world, ground.routeData, this.process),
      bus: this.bus,
      clock,
      random,
      metrics: silentMetrics,
      health: new Health(),
      log: silentLog,
    };
    this.parts = new Injector(moduleOf(context as unknown as ServiceContext));
    ground.world.history.note('boot', name);
  }
}

export class CollectBoot extends Boot {
  readonly intake: MessageIntake;

  constructor(ground: Ground, name: string) {
    super(ground, name, (context) => CollectModule.with(context));
    this.intake = this.parts.get(MessageIntake);
    this.process.enter(() => this.parts.get(CollectLife).onApplicationBootstrap());
  }
}

export class DispatchBoot extends Boot {
  constructor(ground: Ground, name: string) {
    super(ground, name, (context) => DispatchModule.with(context));
    this.process.enter(() => this.parts.get(DispatchLife).onApplicationBootstrap());
  }
}

export class PushBoot extends Boot {
  readonly gateway: PushGateway;
  readonly registry: Registry;
  readonly #drain: Drain;
  readonly #node: PushNode;

  constructor(ground: Ground, name: string) {
    super(ground, name, (context) => PushModule.with(context));
    this.gateway = this.parts.get(PushGateway);
    this.registry = this.parts.get(Registry);
    this.#drain = this.parts.get(Drain);
    this.#node = this.parts.get(PushNode);
    this.process.enter(() => void this.#node.onApplicationBootstrap());
  }

  get isDraining(): boolean {
    return this.#drain.isDraining;
  }

  /** As on SIGTERM. Resolves when the process would end. */
  drain(): Promise<void> {
    return this.#node.beforeApplicationShutdown();
  }
}

const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid: 'k1' })).toString('base64url');

/** A token of the user that only Auth can judge. */
export function tokenOf(user: string): string {
  return `${header}.${Buffer.from(user).toString('base64url')}.s`;
}

/** Auth, as far as Push asks it. */
export class AuthBoot {
  readonly process: Process;

  constructor({ world, hub }: Ground) {
    this.process = new Process(world, 'auth-1.1');
    const bus = new ProcessBus(world, hub, this.process);
    bus.subscribe(subjects.authVerify, (message) => {
      const { token } = fromJsonBytes<VerifyRequest>(message.data);
      const user = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
      const expiresAt = this.process.clock.now() + 900_000;
      message.reply(toJsonBytes({ verdict: 'accepted', tenant, user, expiresAt }));
    });
    const policy: AuthPolicy = { origins: {}, issuer: 'i', audience: 'a', keys: [] };
    bus.subscribe(subjects.authPolicy, (message) => message.reply(toJsonBytes(policy)));
  }
}

const silentMetric = { inc() {}, observe() {}, set() {}, labels: () => silentMetric };
const silentMetrics = {
  counter: () => silentMetric,
  histogram: () => silentMetric,
  gauge: () => silentMetric,
};
const silentLog = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };
