// Calls of the ports that stop where a spec says and go on when it says, so that a race happens the same way
// every time. Must never change what a port promises: a held call is a slow one, and nothing else.
import type { Bus, RouteTable, Store } from '@carillon/domain/ports';
import type { ServiceContext } from '@carillon/platform';

/** What a service is given: the roles of the store, the route table, the bus. */
interface Ports extends Omit<Store, 'close'> {
  readonly routes: RouteTable;
  readonly bus: Bus;
}

type Calls<P> = { [M in keyof P & string as P[M] extends Call ? M : never]: P[M] };
type Call = (...args: never[]) => Promise<unknown>;

/** `role.method`: only what answers with a promise can be slow. */
export type Point = { [R in keyof Ports]: `${R}.${keyof Calls<Ports[R]> & string}` }[keyof Ports];
type CallAt<P extends Point> = P extends `${infer R extends keyof Ports}.${infer M}`
  ? Extract<Ports[R][M & keyof Ports[R]], Call>
  : never;
type Answer<P extends Point> = Awaited<ReturnType<CallAt<P>>>;

/** `after`: the real call has been answered, and the service does not know yet. */
export type When = 'before' | 'after';

/** Which calls are meant; all that is not said fits. */
export interface Which<P extends Point> {
  /** The node that makes the call. */
  readonly node?: string;
  readonly isIt?: (...args: Parameters<CallAt<P>>) => boolean;
}

/** One call that is, or will be, held. */
export interface Held<A> {
  /** Resolves when the call stands here, with its answer where there is one. @throws if it never comes */
  readonly reached: Promise<A | undefined>;
  /** @throws if nothing stands here yet */
  goOn(): void;
}

const patienceMs = 10_000;

/** Between the services of all nodes of a cluster and their ports. */
export class Gate {
  private readonly stops = new Set<Stop>();

  /** Holds the first call that begins from now on and is the one meant, once. */
  hold<P extends Point>(point: P, when: When, which: Which<P> = {}): Held<Answer<P>> {
    const stop = new Stop(point, when, which);
    this.stops.add(stop);
    return stop as Held<Answer<P>>;
  }

  /** Lets everything go on; for the end of every spec. @throws naming the points that were not reached */
  end(): void {
    const stops = [...this.stops];
    this.stops.clear();
    for (const stop of stops) stop.release();
    const missed = stops.filter(({ isReached }) => !isReached);
    if (missed.length > 0) throw new Error(`never reached: ${missed.map(({ name }) => name).join(', ')}`);
  }

  /** The same context with ports that can be held. */
  around(context: ServiceContext): ServiceContext {
    const { node, routes, bus } = context;
    const roles = new Map<unknown, unknown>();
    const store = new Proxy(context.store, {
      get: (target, name) => {
        const role: unknown = Reflect.get(target, name, target);
        if (typeof role === 'function') return role.bind(target) as unknown;
        if (typeof role !== 'object' || role === null) return role;
        if (!roles.has(role)) roles.set(role, this.guarded(String(name), role, node));
        return roles.get(role);
      },
    });
    return {
      ...context,
      store,
      routes: this.guarded('routes', routes, node),
      bus: this.guarded('bus', bus, node),
    };
  }

  private guarded<T extends object>(role: string, port: T, node: string): T {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          const call = (): unknown => Reflect.apply(member, target, args);
          const take = (when: When) => this.take(`${role}.${String(name)}`, when, { node, args });
          const [before, after] = [take('before'), take('after')];
          return before || after ? pass(call, before, after) : call();
        };
      },
    });
  }

  private take(point: string, when: When, made: Made): Stop | undefined {
    const stop = [...this.stops].find((one) => one.isFor(point, when, made));
    stop?.take();
    return stop;
  }
}

async function pass(call: () => unknown, before?: Stop, after?: Stop): Promise<unknown> {
  await before?.stand(undefined);
  const answer = await call();
  await after?.stand(answer);
  return answer;
}

/** A call as it was made. */
interface Made {
  readonly node: string;
  readonly args: readonly unknown[];
}

class Stop implements Held<unknown> {
  readonly reached: Promise<unknown>;
  isReached = false;
  private isTaken = false;
  private readonly arrival = Promise.withResolvers<unknown>();
  private readonly departure = Promise.withResolvers<void>();
  private readonly timer: NodeJS.Timeout;
  private readonly which: { readonly node?: string; readonly isIt?: (...args: never[]) => boolean };

  constructor(
    private readonly point: string,
    private readonly when: When,
    which: object,
  ) {
    this.which = which;
    this.reached = this.arrival.promise;
    this.reached.catch(() => {}); // `end` says so too, where nobody waits for it
    const late = () => this.arrival.reject(new Error(`not reached in ${patienceMs} ms: ${this.name}`));
    this.timer = setTimeout(late, patienceMs);
  }

  isFor(point: string, when: When, { node, args }: Made): boolean {
    if (this.isTaken || point !== this.point || when !== this.when) return false;
    if (this.which.node !== undefined && this.which.node !== node) return false;
    return this.which.isIt?.(...(args as never[])) ?? true;
  }

  take(): void {
    this.isTaken = true;
  }

  /** Resolves when it may go on. */
  stand(answer: unknown): Promise<void> {
    this.isReached = true;
    clearTimeout(this.timer);
    this.arrival.resolve(answer);
    return this.departure.promise;
  }

  goOn(): void {
    if (!this.isReached) throw new Error(`nothing stands at ${this.name}`);
    this.release();
  }

  release(): void {
    clearTimeout(this.timer);
    this.departure.resolve();
  }

  get name(): string {
    const { node } = this.which;
    return `${this.when} ${this.point}${node === undefined ? '' : ` of ${node}`}`;
  }
}
