/** A faulty bus is still a bus, and its faults strike as often as they are told to. */
import { MemoryBus, MemoryHub } from '@carillon/bus-memory';
import { toJsonBytes } from '@carillon/domain';
import { busContract } from '@carillon/domain/contracts';
import { type Bus, NoResponder, PortUnavailable, TimedOut } from '@carillon/domain/ports';
import { expect, it } from 'vitest';
import { FakeClock } from './fake-clock.js';
import { type BusFaults, FaultyBus } from './faulty-bus.js';
import { SeededRandom } from './seeded-random.js';

const clock = new FakeClock();
const hub = new MemoryHub();

busContract('FaultyBus without faults', {
  open: async () => new FaultyBus(new MemoryBus(clock, hub), { clock, random: new SeededRandom(1) }),
  passTime: (ms) => clock.advance(ms),
  interrupt: async (bus: Bus) => {
    const faulty = bus as FaultyBus;
    faulty.goAway();
    await expect(faulty.ping()).rejects.toBeInstanceOf(PortUnavailable);
    await expect(faulty.request('carillon.x', toJsonBytes(1), 10)).rejects.toBeInstanceOf(PortUnavailable);
    faulty.comeBack();
  },
});

/** What arrives of 400 numbers, in order of arrival. */
async function heardOf(faults: BusFaults, seed: number): Promise<number[]> {
  const own = new FakeClock();
  const meeting = new MemoryHub();
  const sender = new FaultyBus(new MemoryBus(own, meeting), {
    clock: own,
    random: new SeededRandom(seed),
    faults,
  });
  const heard: number[] = [];
  new MemoryBus(own, meeting).subscribe('carillon.n', ({ data }) => heard.push(data[0]! * 256 + data[1]!));
  for (let n = 0; n < 400; n++) sender.publish('carillon.n', Uint8Array.of(n >> 8, n & 255));
  await own.advance(2_000);
  return heard;
}

it.each([1, 2, 3])('loses, doubles and delays as often as it is told to (seed %i)', async (seed) => {
  const lost = await heardOf({ lost: 0.25 }, seed);
  expect(lost.length).toBeGreaterThan(250);
  expect(lost.length).toBeLessThan(350);
  const doubled = await heardOf({ doubled: 0.25 }, seed);
  expect(doubled.length).toBeGreaterThan(450);
  expect(new Set(doubled).size).toBe(400);
  const delayed = await heardOf({ delayed: 0.25, delayMs: 50 }, seed);
  expect([...delayed].sort((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, n) => n));
  expect(delayed).not.toEqual([...delayed].sort((a, b) => a - b));
});

it('strikes the same way for the same seed, and another for another', async () => {
  const faults = { lost: 0.2, doubled: 0.2, delayed: 0.2, delayMs: 30 };
  expect(await heardOf(faults, 5)).toEqual(await heardOf(faults, 5));
  expect(await heardOf(faults, 5)).not.toEqual(await heardOf(faults, 6));
});

it('lets the one who asks wait when a request or its answer is lost', async () => {
  const open = (faults: BusFaults) =>
    new FaultyBus(new MemoryBus(clock, hub), { clock, random: new SeededRandom(1), faults });
  const [sound, deaf] = [open({}), open({ lost: 1 })];
  let asked = 0;
  deaf.subscribe('carillon.deaf', (message) => {
    asked += 1;
    message.reply(new Uint8Array());
  });
  for (const bus of [sound, deaf]) {
    const outcome = expect(bus.request('carillon.deaf', new Uint8Array(), 50)).rejects.toBeInstanceOf(
      TimedOut,
    );
    await clock.advance(100);
    await outcome;
  }
  expect(asked).toBe(1);
  expect(deaf.lostCount).toBe(2);
  await expect(sound.request('carillon.nobody', new Uint8Array(), 50)).rejects.toBeInstanceOf(NoResponder);
});

it('ends requests that were lost when it is closed', async () => {
  const bus = new FaultyBus(new MemoryBus(clock, hub), {
    clock,
    random: new SeededRandom(1),
    faults: { lost: 1 },
  });
  const outcome = expect(bus.request('carillon.x', new Uint8Array(), 60_000)).rejects.toBeInstanceOf(
    TimedOut,
  );
  await bus.close();
  await outcome;
});

it('sends nothing while it is away', async () => {
  const bus = new FaultyBus(new MemoryBus(clock, hub), { clock, random: new SeededRandom(1) });
  const heard: number[] = [];
  new MemoryBus(clock, hub).subscribe('carillon.out', ({ data }) => heard.push(data[0]!));
  for (const n of [1, 2, 3]) {
    if (n === 2) bus.goAway();
    if (n === 3) bus.comeBack();
    bus.publish('carillon.out', Uint8Array.of(n));
    await clock.advance(1);
  }
  expect(heard).toEqual([1, 3]);
});

it('passes on the reconnects of the bus that it wraps', () => {
  const options = { clock, random: new SeededRandom(1) };
  const inner = new FaultyBus(new MemoryBus(clock, hub), options);
  const outer = new FaultyBus(inner, options);
  let reconnects = 0;
  outer.onReconnect(() => {
    reconnects += 1;
  });
  inner.goAway();
  expect(reconnects).toBe(0);
  inner.comeBack();
  expect(reconnects).toBe(1);
});

it('hears nothing while it is away', async () => {
  const bus = new FaultyBus(new MemoryBus(clock, hub), { clock, random: new SeededRandom(1) });
  const heard: number[] = [];
  bus.subscribe('carillon.away', ({ data }) => heard.push(data[0]!));
  const other = new MemoryBus(clock, hub);
  for (const n of [1, 2, 3]) {
    if (n === 2) bus.goAway();
    if (n === 3) bus.comeBack();
    other.publish('carillon.away', Uint8Array.of(n));
    await clock.advance(1);
  }
  expect(heard).toEqual([1, 3]);
});
