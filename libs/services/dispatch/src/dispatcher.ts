/**
 * Takes batches of doorbells from Collect and brings each to the nodes that hold its user, or that listen to
 * its topic. Answers within a second, whatever happens; keeps nothing, so that losing a Dispatch costs
 * latency only.
 */
import {
  type DispatchAnswer,
  type DoorbellSlice,
  type Incarnation,
  joinDoorbells,
  type LogKey,
  logUser,
  splitDoorbells,
  subjects,
  toJsonBytes,
  type UserKey,
} from '@carillon/domain';
import { Bus, type BusMessage, Clock, PortError, type Route, RouteTable } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { DispatchMetrics } from './dispatch-metrics.js';
import { DispatchOptions } from './dispatch-options.js';
import { NodePushes, type NodeShare } from './node-pushes.js';
import { Round } from './round.js';

/** At most one doubt in this time: users who are offline have no route either. */
const doubtEveryMs = 1_000;

type Routes = ReadonlyMap<UserKey, readonly Route[]>;

@Injectable()
export class Dispatcher {
  private batchesOpen = 0;
  private doubtedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly bus: Bus,
    private readonly routes: RouteTable,
    private readonly pushes: NodePushes,
    private readonly clock: Clock,
    private readonly metrics: DispatchMetrics,
    private readonly options: DispatchOptions,
  ) {}

  get isIdle(): boolean {
    return this.batchesOpen === 0;
  }

  /** Takes one batch; the answer goes out by itself. */
  take(message: BusMessage): void {
    const slices = slicesIn(message.data);
    const answer = (given: DispatchAnswer) => message.reply(toJsonBytes(given));
    if (!slices) {
      this.metrics.batch('unreadable');
      answer({ entries: 0, refused: 0 });
    } else if (this.batchesOpen >= this.options.batchesMax) {
      this.metrics.batch('refused');
      answer({ entries: slices.length, refused: slices.length });
    } else {
      void this.run(new Round(slices), answer);
    }
  }

  private async run(round: Round, answer: (given: DispatchAnswer) => void): Promise<void> {
    this.batchesOpen += 1;
    const began = this.clock.monotonic();
    const deadline = this.clock.after(this.options.dispatchAnswerMs, () => {
      round.isOver = true;
      this.metrics.batch('late');
      answer(round.answer);
    });
    try {
      await this.deliver(round);
    } finally {
      this.batchesOpen -= 1;
      deadline.cancel();
      this.metrics.stage('dispatch_batch', this.clock.monotonic() - began);
      if (!round.isOver) answer(round.answer);
    }
  }

  private async deliver(round: Round): Promise<void> {
    const users = new Map<UserKey, number[]>();
    const shared = new Map<LogKey, number[]>();
    for (const [place, { log }] of round.slices.entries()) {
      const user = logUser(log);
      if (user) note(users, user, place);
      else note(shared, log, place);
    }
    for (const [log, places] of shared) this.tellFollowers(round, log, places);
    if (users.size === 0) return;
    const routes = await this.lookup([...users.keys()]);
    if (!routes) {
      this.tellEveryNode(round, [...users.values()].flat().sort(ascending));
      this.metrics.batch('flooded');
      return;
    }
    if (routes.size === 0) this.doubt();
    const gone = await this.pushAll(round, sharesOf(users, routes));
    this.metrics.doorbell(
      'no_route',
      doorbellsOf(users, (user) => !routes.has(user)),
    );
    await this.followGone(round, { users, routes, gone });
    if (!round.isOver) this.metrics.batch('routed');
  }

  /** Users that have moved are looked up once more; where they were, nobody is asked again. */
  private async followGone(round: Round, { users, routes, gone }: Gone): Promise<void> {
    const moved = [...gone].filter((user) => users.has(user));
    if (moved.length === 0 || round.isOver) return;
    const found = await this.lookup(moved);
    if (!found || round.isOver) return;
    const elsewhere = new Map(
      [...found].map(([user, now]) => {
        const known = new Set(routes.get(user)?.map(({ incarnation }) => incarnation));
        return [user, now.filter(({ incarnation }) => !known.has(incarnation))] as const;
      }),
    );
    await this.pushAll(round, sharesOf(users, elsewhere));
  }

  private async pushAll(round: Round, shares: readonly NodeShare[]): Promise<ReadonlySet<UserKey>> {
    const gone = await Promise.all(shares.map((share) => this.pushes.push(round, share)));
    return new Set(gone.flat());
  }

  /** Undefined when the routes cannot be asked. */
  private async lookup(users: readonly UserKey[]): Promise<Routes | undefined> {
    const began = this.clock.monotonic();
    try {
      const routes = await this.routes.lookup(users);
      this.metrics.stage('route_lookup', this.clock.monotonic() - began);
      return routes;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      return undefined; // then every node looks in its own registry
    }
  }

  /** Nobody was found: offline, or the table was emptied. The nodes know, and register again if it was. */
  private doubt(): void {
    const now = this.clock.monotonic();
    if (now - this.doubtedAt < doubtEveryMs) return;
    this.doubtedAt = now;
    this.bus.publish(subjects.routesDoubted, new Uint8Array());
  }

  /** Nodes where somebody follows the log listen; nobody answers, so they count as taken. */
  private tellFollowers(round: Round, log: LogKey, places: readonly number[]): void {
    for (const chunk of this.pushes.chunksOf(round, places)) {
      this.bus.publish(subjects.log(log), joinDoorbells(chunk.flatMap((place) => round.slices[place] ?? [])));
    }
    this.metrics.doorbell('taken', places.length);
  }

  private tellEveryNode(round: Round, places: readonly number[]): void {
    this.bus.publish(subjects.everyPush, joinDoorbells(places.flatMap((place) => round.slices[place] ?? [])));
  }
}

interface Gone {
  readonly users: ReadonlyMap<UserKey, readonly number[]>;
  readonly routes: Routes;
  readonly gone: ReadonlySet<UserKey>;
}

function slicesIn(data: Uint8Array): readonly DoorbellSlice[] | undefined {
  try {
    return splitDoorbells(data);
  } catch (error) {
    if (error instanceof RangeError) return undefined; // no batch of this version
    throw error;
  }
}

/** Who gets what: per node its doorbells in the order of the batch. */
function sharesOf(users: ReadonlyMap<UserKey, readonly number[]>, routes: Routes): NodeShare[] {
  const shares = new Map<Incarnation, { route: Route; places: number[] }>();
  for (const [user, found] of routes) {
    for (const route of found) {
      const share = shares.get(route.incarnation) ?? { route, places: [] };
      share.places.push(...(users.get(user) ?? []));
      shares.set(route.incarnation, share);
    }
  }
  for (const { places } of shares.values()) places.sort(ascending);
  return [...shares.values()];
}

function doorbellsOf(
  users: ReadonlyMap<UserKey, readonly number[]>,
  isMeant: (user: UserKey) => boolean,
): number {
  let count = 0;
  for (const [user, places] of users) if (isMeant(user)) count += places.length;
  return count;
}

function note<K>(places: Map<K, number[]>, key: K, place: number): void {
  const known = places.get(key);
  if (known) known.push(place);
  else places.set(key, [place]);
}

function ascending(one: number, other: number): number {
  return one - other;
}
