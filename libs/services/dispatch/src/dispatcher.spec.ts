/** Dispatch between a Collect that asks and nodes that answer, are gone, busy, silent or dead. */
import {
  allLog,
  type DispatchAnswer,
  type DoorbellKind,
  encodeDoorbell,
  fromJsonBytes,
  type Incarnation,
  incarnation,
  joinDoorbells,
  type LogKey,
  type PushAnswer,
  readDoorbells,
  subjects,
  toJsonBytes,
  topicLog,
  type UserKey,
} from '@carillon/domain';
import { type BusMessage, PortUnavailable, type Route, RouteTable } from '@carillon/domain/ports';
import { FakeClock, FaultyBus, inbox, memoryPorts, user } from '@carillon/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { dispatchParts } from './dispatch.fixture.js';

let clock: FakeClock;
let bus: FaultyBus;
let routes: WatchedRoutes;
let parts: ReturnType<typeof dispatchParts>;
let flooded: string[][];

beforeEach(async () => {
  const ports = await memoryPorts();
  clock = ports.clock;
  bus = new FaultyBus(ports.bus, ports);
  routes = new WatchedRoutes(ports.routes);
  parts = dispatchParts({ clock, bus, routes });
  flooded = [];
  bus.subscribe(subjects.dispatch('d1'), (message) => parts.dispatcher.take(message));
  bus.subscribe(subjects.everyPush, ({ data }) => flooded.push(read(data).map(({ name }) => name)));
});

describe('a batch', () => {
  it('goes to the nodes of its users with one look-up, each node its own in order', async () => {
    const one = await node('push-1', ['a', 'b']);
    const two = await node('push-2', ['b', 'c']);
    expect(await dispatch(['a', 'b', 'c', 'a', 'nobody', 'b'])).toEqual({ entries: 6, refused: 0 });
    expect(one.batches).toEqual([['a1', 'b2', 'a4', 'b6']]);
    expect(two.batches).toEqual([['b2', 'c3', 'b6']]);
    expect(routes.lookups).toEqual([['a', 'b', 'c', 'nobody']]);
    expect(await counted('no_route')).toBe(1);
  });

  it('keeps each record byte by byte', async () => {
    await node('push-1', ['a']);
    let got: Uint8Array | undefined;
    bus.subscribe(subjects.push(incarnation('push-1', 'boot')), ({ data }) => {
      got = data;
    });
    const sent = batchOf(['a', 'a'], '{"x":"é€😀"}');
    await ask(sent);
    expect(got).toEqual(sent);
  });

  it('is cut into requests of 64 entries or 512 KiB, four at a time per node', async () => {
    const one = await node('push-1', ['a']);
    one.isFrozen = true;
    const answer = ask(batchOf(Array.from({ length: 400 }, () => 'a')));
    await clock.advance(0);
    expect(one.batches.map(({ length }) => length)).toEqual([64, 64, 64, 64]);
    one.answerAll();
    await clock.advance(0);
    expect(one.batches.map(({ length }) => length)).toEqual([64, 64, 64, 64, 64, 64, 16]);
    expect(one.batches.flat()).toEqual(Array.from({ length: 400 }, (_, index) => `a${index + 1}`));
    one.answerAll();
    expect(await answer).toEqual({ entries: 400, refused: 0 });
    const large = ask(
      batchOf(
        Array.from({ length: 12 }, () => 'a'),
        'x'.repeat(100_000),
      ),
    );
    one.answerAll();
    await clock.advance(0);
    expect(one.batches.slice(7).map(({ length }) => length)).toEqual([5, 5, 2]);
    expect((await large).refused).toBe(0);
  });

  it('for topics and all is told on the subject of each log, and counts as taken', async () => {
    const [news, all] = [topicLog('demo', 'news'), allLog('demo')];
    const heard: string[][] = [];
    for (const log of [news, all]) {
      bus.subscribe(subjects.log(log), ({ data }) => heard.push(read(data).map(({ name }) => name)));
    }
    const bell = (log: LogKey, seq: number, kind: DoorbellKind = 'entry') =>
      encodeDoorbell({ kind, log, seq, acceptedAt: 0, expiresAt: 1, frame: '{}' });
    const bells = [
      bell(news, 1),
      bell(all, 1),
      bell(news, 1, 'recalled'),
      bell(news, 2),
      bell(all, 7, 'volatile'),
    ];
    expect(await ask(joinDoorbells(bells))).toEqual({ entries: 5, refused: 0 });
    expect(heard).toEqual([
      ['demo/topic:news1', 'demo/topic:news1', 'demo/topic:news2'],
      ['demo/all1', 'demo/all7'],
    ]);
    expect(flooded).toEqual([]);
    expect(routes.lookups).toEqual([]);
    expect(await counted('taken')).toBe(5);
  });

  it('for a topic is cut into messages that the bus can carry', async () => {
    const log = topicLog('demo', 'news');
    const sizes: number[] = [];
    bus.subscribe(subjects.log(log), ({ data }) => sizes.push(read(data).length));
    const frame = 'x'.repeat(100_000);
    const bells = Array.from({ length: 12 }, (_, at) =>
      encodeDoorbell({ kind: 'entry', log, seq: at + 1, acceptedAt: 0, expiresAt: 1, frame }),
    );
    expect(await ask(joinDoorbells(bells))).toEqual({ entries: 12, refused: 0 });
    expect(sizes).toEqual([5, 5, 2]);
  });

  it('brings marks and volatile messages for a user where entries go', async () => {
    const one = await node('push-1', ['a']);
    const bells = (['recalled', 'superseded', 'volatile'] as const).map((kind, at) =>
      encodeDoorbell({ kind, log: inbox('a'), seq: at + 1, acceptedAt: 0, expiresAt: 1, frame: '' }),
    );
    expect(await ask(joinDoorbells(bells))).toEqual({ entries: 3, refused: 0 });
    expect(one.batches).toEqual([['a1', 'a2', 'a3']]);
  });

  it('that finds nobody makes the nodes look to their leases, once a second at most', async () => {
    let doubts = 0;
    bus.subscribe(subjects.routesDoubted, () => {
      doubts += 1;
    });
    await node('push-1', ['a']);
    await dispatch(['a', 'nobody']);
    expect(doubts).toBe(0);
    await dispatch(['nobody']);
    await dispatch(['nobody']);
    expect(doubts).toBe(1);
    await clock.advance(1_000);
    await dispatch(['nobody']);
    expect(doubts).toBe(2);
  });

  it('that nobody can read is answered', async () => {
    expect(await ask(Uint8Array.of(9, 9, 9))).toEqual({ entries: 0, refused: 0 });
    expect(await ask(batchOf(['a']).subarray(0, 20))).toEqual({ entries: 0, refused: 0 });
  });

  it('is refused as a whole when too many are open', async () => {
    parts = dispatchParts({ clock, bus, routes }, { batchesMax: 2 });
    const one = await node('push-1', ['a']);
    one.isFrozen = true;
    const open = [dispatch(['a']), dispatch(['a'])];
    await clock.advance(0);
    expect(await dispatch(['a', 'a'])).toEqual({ entries: 2, refused: 2 });
    one.answerAll();
    expect(await Promise.all(open)).toEqual([
      { entries: 1, refused: 0 },
      { entries: 1, refused: 0 },
    ]);
    expect(parts.dispatcher.isIdle).toBe(true);
  });
});

describe('a user who is gone', () => {
  it('is looked up once more and followed to another node', async () => {
    const old = await node('push-1', ['a', 'b']);
    const young = await node('push-2', []);
    old.gone = ['a'];
    old.onBatch = () => void routes.claim(young.incarnation, [user('a')]);
    expect(await dispatch(['a', 'b', 'a'])).toEqual({ entries: 3, refused: 0 });
    expect(old.batches).toEqual([['a1', 'b2', 'a3']]);
    expect(young.batches).toEqual([['a1', 'a3']]);
    expect(routes.lookups).toEqual([['a', 'b'], ['a']]);
  });

  it('is let go when nobody else has him, and no node is asked twice', async () => {
    const one = await node('push-1', ['a']);
    const two = await node('push-2', ['a']);
    one.gone = ['a'];
    two.gone = ['a'];
    expect(await dispatch(['a'])).toEqual({ entries: 1, refused: 0 });
    expect([one.batches.length, two.batches.length]).toEqual([1, 1]);
    expect(routes.lookups).toHaveLength(2);
    expect(await counted('gone')).toBe(2);
  });
});

describe('a node that nobody hears', () => {
  it('is skipped until its lease token changes', async () => {
    const one = await node('push-1', ['a']);
    one.leave();
    expect(await dispatch(['a'])).toEqual({ entries: 1, refused: 0 });
    expect(await dispatch(['a'])).toEqual({ entries: 1, refused: 0 });
    expect([await counted('no_responder'), await counted('skipped')]).toEqual([1, 1]);
    one.listen();
    await dispatch(['a']);
    expect(one.batches).toHaveLength(0);
    await routes.renewLease(one.incarnation, 10_000);
    await dispatch(['a']);
    expect(one.batches).toHaveLength(1);
  });

  it('does not hold up the others', async () => {
    const dead = await node('push-1', ['a', 'b']);
    const living = await node('push-2', ['a', 'b']);
    dead.isFrozen = true;
    const answer = dispatch(['a', 'b']);
    await clock.advance(0);
    expect(living.batches).toEqual([['a1', 'b2']]);
    await clock.advance(500);
    expect(await answer).toEqual({ entries: 2, refused: 0 });
  });
});

describe('a node that does not answer in 500 ms', () => {
  it('is skipped until its lease token changes; then what it does not take counts', async () => {
    const one = await node('push-1', ['a']);
    one.isFrozen = true;
    expect(await dispatchFor(500, ['a'])).toEqual({ entries: 1, refused: 0 });
    expect(await dispatch(['a'])).toEqual({ entries: 1, refused: 0 });
    expect(one.batches).toHaveLength(1);
    // It has renewed its lease since: it lives and cannot keep up.
    await routes.renewLease(one.incarnation, 10_000);
    expect(await dispatchFor(500, ['a', 'a'])).toEqual({ entries: 2, refused: 2 });
    expect(await dispatch(['a', 'a', 'nobody'])).toEqual({ entries: 3, refused: 2 });
    expect(one.batches).toHaveLength(2);
    await routes.renewLease(one.incarnation, 10_000);
    one.isFrozen = false;
    expect(await dispatch(['a'])).toEqual({ entries: 1, refused: 0 });
    one.isFrozen = true;
    expect(await dispatchFor(500, ['a'])).toEqual({ entries: 1, refused: 0 });
  });

  it('is shown in a metric until it is heard again', async () => {
    const one = await node('push-1', ['a']);
    one.isFrozen = true;
    await dispatchFor(500, ['a']);
    expect(await parts.registry.text()).toContain('carillon_dispatch_skipped_nodes 1');
    await clock.advance(10_001);
    expect(await parts.registry.text()).toContain('carillon_dispatch_skipped_nodes 0');
  });
});

describe('a node that is busy', () => {
  it('makes its entries count as refused, each once', async () => {
    const one = await node('push-1', ['a', 'b']);
    const two = await node('push-2', ['b', 'c']);
    one.isBusy = true;
    two.isBusy = true;
    expect(await dispatch(['a', 'b', 'c', 'nobody'])).toEqual({ entries: 4, refused: 3 });
    two.isBusy = false;
    expect(await dispatch(['a', 'b', 'c', 'nobody'])).toEqual({ entries: 4, refused: 2 });
    expect(one.batches).toHaveLength(2);
  });
});

describe('the answer', () => {
  it('comes within a second, and what still waits for a node counts as refused', async () => {
    parts = dispatchParts({ clock, bus, routes }, { pushTimeoutMs: 5_000 });
    const one = await node('push-1', ['a']);
    one.isFrozen = true;
    const answer = ask(batchOf(Array.from({ length: 300 }, () => 'a')));
    await clock.advance(999);
    let isThere = false;
    void answer.then(() => {
      isThere = true;
    });
    await clock.advance(0);
    expect(isThere).toBe(false);
    await clock.advance(1);
    expect(await answer).toEqual({ entries: 300, refused: 300 - 4 * 64 });
    one.answerAll();
    await clock.advance(0);
    expect(one.batches).toHaveLength(4);
    expect(parts.dispatcher.isIdle).toBe(true);
  });

  it('comes although the routes cannot be asked: then every node is told', async () => {
    await node('push-1', ['a']);
    routes.isAway = true;
    expect(await dispatch(['a', 'b', 'a'])).toEqual({ entries: 3, refused: 0 });
    expect(flooded).toEqual([['a1', 'b2', 'a3']]);
  });

  it('comes once', async () => {
    parts = dispatchParts({ clock, bus, routes }, { pushTimeoutMs: 5_000 });
    const one = await node('push-1', ['a']);
    one.isFrozen = true;
    let answers = 0;
    const reply = () => {
      answers += 1;
    };
    parts.dispatcher.take({ data: batchOf(['a']), reply });
    await clock.advance(1_000);
    one.answerAll();
    await clock.advance(10_000);
    expect(answers).toBe(1);
  });

  it('comes although the routes do not answer at all', async () => {
    routes.isFrozen = true;
    expect(await dispatchFor(1_000, ['a'])).toEqual({ entries: 1, refused: 0 });
  });

  it('comes although the bus is away for the nodes', async () => {
    const one = await node('push-1', ['a']);
    let answer: DispatchAnswer | undefined;
    const data = batchOf(['a']);
    bus.goAway();
    parts.dispatcher.take({
      data,
      reply: (bytes) => {
        answer = fromJsonBytes<DispatchAnswer>(bytes);
      },
    });
    await clock.advance(0);
    expect(answer).toEqual({ entries: 1, refused: 0 });
    bus.comeBack();
    await dispatch(['a']);
    expect(one.batches).toHaveLength(1);
  });
});

/** A batch with one entry for each name, its seq its place from 1. */
function batchOf(names: readonly string[], frame = '{}'): Uint8Array {
  const bells = names.map((name, index) =>
    encodeDoorbell({ kind: 'entry', log: inbox(name), seq: index + 1, acceptedAt: 0, expiresAt: 1, frame }),
  );
  return joinDoorbells(bells);
}

async function ask(batch: Uint8Array): Promise<DispatchAnswer> {
  return fromJsonBytes<DispatchAnswer>(await bus.request(subjects.dispatch('d1'), batch, 2_000));
}

function dispatch(names: readonly string[]): Promise<DispatchAnswer> {
  return ask(batchOf(names));
}

/** The answer to a batch that takes this long. */
async function dispatchFor(ms: number, names: readonly string[]): Promise<DispatchAnswer> {
  const answer = dispatch(names);
  await clock.advance(ms);
  return answer;
}

async function counted(outcome: string): Promise<number> {
  const text = await parts.registry.text();
  return Number(
    new RegExp(`carillon_dispatch_doorbells_total{outcome="${outcome}"} (\\d+)`).exec(text)?.[1] ?? 0,
  );
}

function read(batch: Uint8Array): { name: string }[] {
  return readDoorbells(batch).map(({ log, seq }) => ({ name: `${log.replace('demo/user:', '')}${seq}` }));
}

/** A Push node with these users. */
async function node(name: string, users: readonly string[]): Promise<FakeNode> {
  const made = new FakeNode(incarnation(name, 'boot'));
  await routes.renewLease(made.incarnation, 10_000);
  await routes.claim(
    made.incarnation,
    users.map((each) => user(each)),
  );
  return made;
}

class FakeNode {
  readonly batches: string[][] = [];
  gone: string[] = [];
  isBusy = false;
  isFrozen = false;
  onBatch: () => void = () => undefined;
  private readonly open: BusMessage[] = [];
  private subscription;

  constructor(readonly incarnation: Incarnation) {
    this.subscription = this.subscribe();
  }

  leave(): void {
    this.subscription.unsubscribe();
  }

  listen(): void {
    this.subscription = this.subscribe();
  }

  answerAll(): void {
    this.isFrozen = false;
    for (const message of this.open.splice(0)) this.answer(message);
  }

  private subscribe() {
    return bus.subscribe(subjects.push(this.incarnation), (message) => {
      this.batches.push(read(message.data).map(({ name }) => name));
      this.onBatch();
      if (this.isFrozen) this.open.push(message);
      else this.answer(message);
    });
  }

  private answer(message: BusMessage): void {
    const gone = this.gone.map((name) => user(name));
    const answer: PushAnswer = this.isBusy ? { outcome: 'busy' } : { outcome: 'taken', gone };
    message.reply(toJsonBytes(answer));
  }
}

/** Routes that are counted, and away or silent when told to. */
class WatchedRoutes extends RouteTable {
  readonly lookups: string[][] = [];
  isAway = false;
  isFrozen = false;

  constructor(private readonly routes: RouteTable) {
    super();
  }

  override lookup(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, readonly Route[]>> {
    this.lookups.push(users.map((each) => each.replace('demo/', '')));
    if (this.isFrozen) return new Promise(() => undefined);
    if (this.isAway) return Promise.reject(new PortUnavailable('the routes are away'));
    return this.routes.lookup(users);
  }

  override renewLease: RouteTable['renewLease'] = (...args) => this.routes.renewLease(...args);
  override endLease: RouteTable['endLease'] = (...args) => this.routes.endLease(...args);
  override claim: RouteTable['claim'] = (...args) => this.routes.claim(...args);
  override release: RouteTable['release'] = (...args) => this.routes.release(...args);
  override close: RouteTable['close'] = () => this.routes.close();
}
