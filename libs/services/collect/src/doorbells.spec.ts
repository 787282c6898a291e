/**
 * Doorbells find a Dispatch that is alive, keep the order of logs,
 * are bounded, and tell how busy the nodes are.
 */
import { type DispatchAnswer, fromJsonBytes, readDoorbells, subjects, toJsonBytes } from '@carillon/domain';
import type { BusMessage } from '@carillon/domain/ports';
import { entry, FakeClock, FaultyBus, inbox, memoryPorts } from '@carillon/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { collectParts } from './collect.fixture.js';

type Parts = ReturnType<typeof collectParts>;

let clock: FakeClock;
let bus: FaultyBus;
let parts: Parts;
let seq = 0;

beforeEach(async () => {
  const ports = await memoryPorts();
  clock = ports.clock;
  bus = new FaultyBus(ports.bus, ports);
  parts = collectParts({ ...ports, bus });
  seq = 0;
});

describe('doorbells', () => {
  it('carry the finished frame of each entry to a Dispatch that announced itself', async () => {
    const dispatch = new FakeDispatch('d1');
    dispatch.announce();
    await clock.advance(0);
    parts.doorbells.ring([entry({ id: 'msg_1', log: inbox('42'), seq: 7, data: '{"a":1}' })]);
    await clock.advance(0);
    const [bell] = dispatch.bells();
    expect(bell).toMatchObject({ log: inbox('42'), seq: 7, acceptedAt: clock.now() });
    expect(JSON.parse(bell!.text)).toMatchObject({
      type: 'message',
      log: 'user',
      seq: 7,
      id: 'msg_1',
      data: { a: 1 },
    });
  });

  it('wait while no Dispatch was heard, and go with its first announcement', async () => {
    ring(3);
    await clock.advance(10_000);
    const dispatch = new FakeDispatch('d1');
    expect(dispatch.batches).toHaveLength(0);
    dispatch.announce();
    await clock.advance(0);
    expect(dispatch.seqs()).toEqual([1, 2, 3]);
  });

  it('do not go to a Dispatch that was last heard 3 s ago', async () => {
    const [old, fresh] = [new FakeDispatch('old'), new FakeDispatch('fresh')];
    old.announce();
    await clock.advance(3_000);
    ring(1);
    await clock.advance(0);
    expect(old.batches).toHaveLength(0);
    fresh.announce();
    await clock.advance(0);
    expect([old.batches.length, fresh.batches.length]).toEqual([0, 1]);
  });

  it('go to all who announce themselves, in turns', async () => {
    const all = ['a', 'b', 'c'].map((id) => new FakeDispatch(id));
    for (const each of all) each.announce();
    await clock.advance(0);
    for (let count = 0; count < 9; count += 1) {
      ring(1);
      await clock.advance(0);
    }
    expect(all.map(({ batches }) => batches.length)).toEqual([3, 3, 3]);
  });

  it('leave a Dispatch that does not answer in 2 s, and try once more with another', async () => {
    const [frozen, living] = [new FakeDispatch('frozen'), new FakeDispatch('living')];
    frozen.isFrozen = true;
    frozen.announce();
    await clock.advance(0);
    ring(1);
    await clock.advance(1_000);
    living.announce();
    await clock.advance(999);
    expect([frozen.batches.length, living.batches.length]).toEqual([1, 0]);
    await clock.advance(1);
    expect(living.seqs()).toEqual([1]);
    ring(4);
    await clock.advance(0);
    expect(frozen.batches).toHaveLength(1);
    frozen.isFrozen = false;
    frozen.announce();
    await clock.advance(0);
    for (let count = 0; count < 2; count += 1) {
      ring(1);
      await clock.advance(0);
    }
    expect(frozen.batches).toHaveLength(2);
  });

  it('are let go when the other one does not answer either', async () => {
    const all = ['a', 'b', 'c'].map((id) => new FakeDispatch(id));
    for (const each of all) each.isFrozen = true;
    for (const each of all) each.announce();
    await clock.advance(0);
    ring(1);
    for (let count = 0; count < 6; count += 1) {
      await clock.advance(1_000);
      for (const each of all) each.announce();
    }
    expect(all.flatMap(({ batches }) => batches)).toHaveLength(2);
    expect(await counted('let_go')).toBe(1);
    expect(parts.doorbells.isIdle).toBe(true);
  });

  it('leave a Dispatch that is gone at once', async () => {
    const [gone, living] = [new FakeDispatch('gone'), new FakeDispatch('living')];
    gone.announce();
    await clock.advance(0);
    gone.leave();
    ring(1);
    living.announce();
    await clock.advance(0);
    expect(living.seqs()).toEqual([1]);
  });

  it('are kept while the bus is away, and go in order with the first announcement after it', async () => {
    const dispatch = new FakeDispatch('d1');
    dispatch.announce();
    await clock.advance(0);
    bus.goAway();
    ring(3);
    await clock.advance(1_000);
    ring(2);
    await clock.advance(1_000);
    bus.comeBack();
    expect(dispatch.batches).toHaveLength(0);
    dispatch.announce();
    await clock.advance(0);
    expect(dispatch.seqs()).toEqual([1, 2, 3, 4, 5]);
  });

  it('are out in at most two batches, which never share a log', async () => {
    const dispatch = new FakeDispatch('d1');
    dispatch.isFrozen = true;
    dispatch.announce();
    await clock.advance(0);
    for (const name of ['a', 'a', 'b', 'a']) ring(1, name);
    await clock.advance(0);
    const logs = () => dispatch.batches.map((each) => [...new Set(each.map(({ log }) => log))]);
    expect(logs()).toEqual([[inbox('a')]]);
    ring(61, 'c'); // half a batch waits: it goes beside the first
    ring(1, 'd');
    await clock.advance(0);
    expect(logs()).toEqual([[inbox('a')], [inbox('b'), inbox('c')]]);
    dispatch.answerAll();
    await clock.advance(0);
    const others = Array.from({ length: 61 }, (_, at) => at + 5);
    expect(dispatch.seqs()).toEqual([1, 3, ...others, 2, 4, 66]);
  });

  it('are at most 4,096; the oldest are dropped, whatever waits', async () => {
    ring(5_000);
    const dispatch = new FakeDispatch('d1');
    dispatch.announce();
    await clock.advance(0);
    expect(dispatch.seqs()).toEqual(Array.from({ length: 4_096 }, (_, at) => at + 905));
    expect(await counted('dropped')).toBe(904);
    expect(dispatch.batches.every((each) => each.length <= 128)).toBe(true);
  });

  it('are at most 32 MiB', async () => {
    const data = JSON.stringify('x'.repeat(60_000));
    for (let count = 0; count < 700; count += 1)
      parts.doorbells.ring([entry({ log: inbox('a'), seq: ++seq, data })]);
    const dispatch = new FakeDispatch('d1');
    dispatch.announce();
    await clock.advance(0);
    const bytes = dispatch.sizes.reduce((sum, size) => sum + size, 0);
    expect(bytes).toBeLessThanOrEqual(33_554_432 + dispatch.sizes.length);
    expect(bytes).toBeGreaterThan(33_000_000);
    expect(Math.max(...dispatch.sizes)).toBeLessThanOrEqual(524_289);
    expect(dispatch.seqs().at(-1)).toBe(700);
  });

  it('ignore announcements that are none', async () => {
    for (const id of ['', 'a b', 'a.b', '>', '*', 7, null]) {
      bus.publish(subjects.dispatchAnnouncements, toJsonBytes({ id }));
    }
    bus.publish(subjects.dispatchAnnouncements, Uint8Array.of(1, 2));
    await clock.advance(0);
    expect(parts.dispatches.count).toBe(0);
  });
});

describe('back-pressure', () => {
  let dispatch: FakeDispatch;

  beforeEach(async () => {
    dispatch = new FakeDispatch('d1');
    dispatch.announce();
    await clock.advance(0);
  });

  it('is high once more than half of the entries were refused for 2 s', async () => {
    dispatch.refusedShare = 0.6;
    const high: boolean[] = [];
    for (let ms = 0; ms < 3_000; ms += 100) {
      await ringOne();
      high.push(parts.pressure.isHigh);
    }
    expect(high.indexOf(true)).toBe(19);
    expect(high.slice(19).every(Boolean)).toBe(true);
  });

  it('is not high at half, nor after a short spell', async () => {
    dispatch.refusedShare = 0.5;
    for (let ms = 0; ms < 5_000; ms += 100) await ringOne();
    expect(parts.pressure.isHigh).toBe(false);
    dispatch.refusedShare = 1;
    for (let ms = 0; ms < 1_500; ms += 100) await ringOne();
    dispatch.refusedShare = 0;
    for (let ms = 0; ms < 1_000; ms += 100) await ringOne();
    dispatch.refusedShare = 1;
    for (let ms = 0; ms < 1_500; ms += 100) await ringOne();
    expect(parts.pressure.isHigh).toBe(false);
  });

  it('lets messages in again when the answers stop, and knows at once whether it is over', async () => {
    dispatch.refusedShare = 1;
    for (let ms = 0; ms < 3_000; ms += 100) await ringOne();
    expect(parts.pressure.isHigh).toBe(true);
    await clock.advance(1_000);
    expect(parts.pressure.isHigh).toBe(false);
    await ringOne();
    expect(parts.pressure.isHigh).toBe(true);
    await clock.advance(1_000);
    dispatch.refusedShare = 0;
    await ringOne();
    expect(parts.pressure.isHigh).toBe(false);
  });

  it('does not remember what was long ago', async () => {
    dispatch.refusedShare = 1;
    for (let ms = 0; ms < 3_000; ms += 100) await ringOne();
    await clock.advance(60_000);
    await ringOne();
    expect(parts.pressure.isHigh).toBe(false);
  });

  async function ringOne(): Promise<void> {
    dispatch.announce();
    ring(10);
    await clock.advance(100);
  }
});

/** `count` entries of one log, with rising seqs. */
function ring(count: number, name = 'a'): void {
  parts.doorbells.ring(
    Array.from({ length: count }, () => entry({ id: `m${seq}`, log: inbox(name), seq: ++seq })),
  );
}

async function counted(outcome: string): Promise<number> {
  const text = await parts.registry.text();
  return Number(
    new RegExp(`carillon_collect_doorbells_total{outcome="${outcome}"} (\\d+)`).exec(text)?.[1] ?? 0,
  );
}

/** The other end, as Collect sees it. */
class FakeDispatch {
  readonly batches: { log: string; seq: number; acceptedAt: number; text: string }[][] = [];
  readonly sizes: number[] = [];
  isFrozen = false;
  refusedShare = 0;
  private readonly open: BusMessage[] = [];
  private readonly subscription;

  constructor(private readonly id: string) {
    this.subscription = bus.subscribe(subjects.dispatch(id), (message) => this.take(message));
  }

  announce(): void {
    bus.publish(subjects.dispatchAnnouncements, toJsonBytes({ id: this.id }));
  }

  leave(): void {
    this.subscription.unsubscribe();
  }

  bells() {
    return this.batches.flat();
  }

  seqs(): number[] {
    return this.bells().map((bell) => bell.seq);
  }

  answerAll(): void {
    this.isFrozen = false;
    for (const message of this.open.splice(0)) this.answer(message);
  }

  private take(message: BusMessage): void {
    const text = (frame: Uint8Array) => new TextDecoder().decode(frame);
    const bells = readDoorbells(message.data).map(({ frame, ...rest }) => ({ ...rest, text: text(frame) }));
    this.batches.push(bells);
    this.sizes.push(message.data.length);
    if (this.isFrozen) this.open.push(message);
    else this.answer(message);
  }

  private answer(message: BusMessage): void {
    const entries = readDoorbells(message.data).length;
    const answer: DispatchAnswer = { entries, refused: Math.round(entries * this.refusedShare) };
    message.reply(toJsonBytes(answer));
    expect(fromJsonBytes(toJsonBytes(answer))).toEqual(answer);
  }
}
