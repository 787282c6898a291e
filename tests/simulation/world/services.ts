/**
 * The real services as processes of the simulation: each is made of its Nest module's own providers over the
 * ports of one process. Must never replace anything above the ports.
 */
import { MemoryHub } from '@carillon/bus-memory';
import { CollectModule } from '@carillon/collect';
import { DispatchModule } from '@carillon/dispatch';
import {
  type AuthPolicy,
  parameters as domainParameters,
  fromJsonBytes,
  subjects,
  toJsonBytes,
  type VerifyRequest,
} from '@carillon/domain';
import { ClockTrust, PortError } from '@carillon/domain/ports';
import {
  ClockGuard,
  type ClockGuardParts,
  Health,
  readConfig,
  type ServiceContext,
} from '@carillon/platform';
import { PushModule } from '@carillon/push';
import { MemoryRouteData } from '@carillon/routes-memory';
import { MemoryData, MemoryStore } from '@carillon/store-memory';
import { CollectLife } from '../../../libs/services/collect/src/collect-life.js';
import { Deadlines } from '../../../libs/services/collect/src/deadlines.js';
import { Erasure } from '../../../libs/services/collect/src/erasure.js';
import { Firing } from '../../../libs/services/collect/src/firing.js';
import { MessageIntake } from '../../../libs/services/collect/src/message-intake.js';
import { Purge } from '../../../libs/services/collect/src/purge.js';
import { Recall } from '../../../libs/services/collect/src/recall.js';
import { Topics } from '../../../libs/services/collect/src/topics.js';
import { DispatchLife } from '../../../libs/services/dispatch/src/dispatch-life.js';
import { Drain } from '../../../libs/services/push/src/node/drain.js';
import { PushNode } from '../../../libs/services/push/src/push-node.js';
import { Registry } from '../../../libs/services/push/src/session/registry.js';
import { PushGateway } from '../../../libs/services/push/src/socket/push.gateway.js';
import { openStore, type ProcessStore, type StoreWorld } from '../store/process-store.js';
import { ReplicaSet } from '../store/replica-set.js';
import { ProcessBus } from './bus.js';
import { Injector, type ModuleFacts } from './injector.js';
import { Process, type ProcessClock } from './process.js';
import { ProcessRoutes } from './routes.js';
import { Wind } from './wind.js';
import type { World } from './world.js';

/** Parameters of delivery.md section 12 that a run changes, so that much happens in little time. */
export type Parameters = Readonly<Record<string, number>>;

export const tenant = 'demo';
/** What a token allows: one kind of topics is followed by frame, the other by membership alone. */
const allowedTopics = ['news.*'];
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
    { ledger, fixed }: { readonly ledger: MemoryStore; readonly fixed: Parameters },
  ) {
    // Those that are no options in production; the bundle's own copy is changed, before anybody reads it.
    Object.assign(domainParameters, fixed);
    this.replicas = new ReplicaSet(world);
    this.store = { replicas: this.replicas, ledger };
  }

  /** `fixed`: times of the domain that are no options. */
  static async open(world: World, parameters: Parameters, fixed: Parameters): Promise<Ground> {
    const ledger = await MemoryStore.open({ clock: new Wind(world), data: new MemoryData('ledger') });
    return new Ground(world, parameters, { ledger, fixed });
  }
}

/** Asked again so soon where the clock could not be measured: until then the process is not up. */
const measureAgainMs = 300;

/** One boot of one service. It is up when its clock has been measured, as in production. */
abstract class Boot {
  readonly process: Process;
  readonly bus: ProcessBus;
  readonly trust = new BootTrust();
  isUp = false;
  protected readonly parts: Injector;

  constructor(ground: Ground, name: string, facts: BootFacts) {
    const { world, parameters } = ground;
    this.process = new Process(world, name);
    this.process.clock.skewMs = facts.skewMs;
    this.bus = new ProcessBus(world, ground.hub, this.process);
    const { clock, random } = this.process;
    const delivery = { ...baseConfig.delivery, ...parameters };
    const store = openStore(ground.store, this.process);
    const context = {
      config: { ...baseConfig, delivery, collect: { ...baseConfig.collect, ...parameters } },
      node: name.slice(0, name.indexOf('.')),
      store,
      routes: new ProcessRoutes(world, ground.routeData, this.process),
      bus: this.bus,
      clock,
      trust: this.trust,
      random,
      metrics: silentMetrics,
      health: new Health(),
      log: silentLog,
    };
    this.parts = new Injector(facts.moduleOf(context as unknown as ServiceContext));
    world.history.note('boot', name, facts.skewMs);
    this.process.enter(() => {
      if (facts.hasStore) void this.#watchClock(store, clock);
      else this.#goUp();
    });
  }

  /** Its bootstrap, in the order in which Nest calls it. */
  protected abstract start(): void;

  async #watchClock({ facts }: ProcessStore, clock: ProcessClock): Promise<void> {
    const parts = { clock, facts, health: new Health(), log: silentLog };
    try {
      this.trust.guard = await ClockGuard.watch(parts as unknown as ClockGuardParts);
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      clock.after(measureAgainMs, () => void this.#watchClock({ facts } as ProcessStore, clock));
      return;
    }
    this.#goUp();
  }

  #goUp(): void {
    this.isUp = true;
    this.start();
  }
}

interface BootFacts {
  readonly moduleOf: (context: ServiceContext) => ModuleFacts;
  /** How wrong its machine's clock is. */
  readonly skewMs: number;
  /** A process without a store stamps nothing, and watches no clock. */
  readonly hasStore: boolean;
}

/** The real guard, once there is one. */
class BootTrust extends ClockTrust {
  guard: ClockGuard | undefined;

  override get isTrusted(): boolean {
    return this.guard?.isTrusted ?? false;
  }
}

export class CollectBoot extends Boot {
  readonly intake: MessageIntake;
  readonly deadlines: Deadlines;
  readonly topics: Topics;
  readonly recall: Recall;
  readonly erasure: Erasure;
  readonly purge: Purge;

  constructor(ground: Ground, name: string, skewMs: number) {
    super(ground, name, { moduleOf: (context) => CollectModule.with(context), skewMs, hasStore: true });
    this.intake = this.parts.get(MessageIntake);
    this.deadlines = this.parts.get(Deadlines);
    this.topics = this.parts.get(Topics);
    this.recall = this.parts.get(Recall);
    this.erasure = this.parts.get(Erasure);
    this.purge = this.parts.get(Purge);
  }

  protected override start(): void {
    this.parts.get(CollectLife).onApplicationBootstrap();
    this.parts.get(Firing).onApplicationBootstrap();
  }
}

export class DispatchBoot extends Boot {
  constructor(ground: Ground, name: string, skewMs: number) {
    super(ground, name, { moduleOf: (context) => DispatchModule.with(context), skewMs, hasStore: false });
  }

  protected override start(): void {
    this.parts.get(DispatchLife).onApplicationBootstrap();
  }
}

export class PushBoot extends Boot {
  readonly gateway: PushGateway;
  readonly registry: Registry;
  readonly #drain: Drain;
  readonly #node: PushNode;

  constructor(ground: Ground, name: string, skewMs: number) {
    super(ground, name, { moduleOf: (context) => PushModule.with(context), skewMs, hasStore: true });
    this.gateway = this.parts.get(PushGateway);
    this.registry = this.parts.get(Registry);
    this.#drain = this.parts.get(Drain);
    this.#node = this.parts.get(PushNode);
  }

  get isDraining(): boolean {
    return this.#drain.isDraining;
  }

  /** As on SIGTERM. Resolves when the process would end. */
  drain(): Promise<void> {
    return this.#node.beforeApplicationShutdown();
  }

  protected override start(): void {
    void this.#node.onApplicationBootstrap();
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
      const { tokens } = fromJsonBytes<VerifyRequest>(message.data);
      const expiresAt = this.process.clock.now() + 900_000;
      const verdicts = tokens.map((token) => {
        const user = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
        return { verdict: 'accepted', tenant, user, expiresAt, topics: allowedTopics };
      });
      message.reply(toJsonBytes({ verdicts }));
    });
    const policy: AuthPolicy = { origins: {}, issuer: 'i', audience: 'a', keys: [] };
    bus.subscribe(subjects.authPolicy, (message) => message.reply(toJsonBytes(policy)));
  }
}

const silentMetric = { inc() {}, observe() {}, set() {}, labels: () => silentMetric };
const silentMetrics = {
  counter: () => silentMetric,
  histogram: () => silentMetric,
  tally: () => ({ of: () => silentMetric }),
  gauge: () => silentMetric,
};
const silentLog = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };
