// Waiting after failures: the bound doubles up to the maximum, and starts anew after success as documented.
import { Carillon } from '@carillon/client';
import { fullJitterMs } from '@carillon/domain';
import type { Random } from '@carillon/domain/ports';
import { closeCodes, closeVerdict, limits } from '@carillon/wire';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FakeWorld } from '../../libs/client/src/testing/fake-world.js';

/** Draws always the same. */
function always(chance: number): Random {
  return { next: () => chance, bytes: (count) => new Uint8Array(count) };
}

const anyChance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const anyBounds = fc
  .tuple(fc.integer({ min: 1, max: 5_000 }), fc.nat(600_000))
  .map(([minMs, more]) => ({ minMs, maxMs: minMs + more }));
const anyAttempt = fc.oneof(fc.nat(24), fc.nat(5_000));

it('the bound of a wait doubles with every attempt until it is the maximum, and the floor stays', () => {
  fc.assert(
    fc.property(anyAttempt, anyBounds, (attempt, bounds) => {
      const most = (at: number) => fullJitterMs(always(1), at, bounds);
      expect(most(0)).toBeCloseTo(bounds.minMs);
      expect(most(attempt + 1)).toBeCloseTo(Math.min(bounds.maxMs, 2 * most(attempt)));
      expect(fullJitterMs(always(0), attempt, bounds)).toBe(bounds.minMs / 2);
    }),
  );
});

it('a wait rises with what is drawn, from the floor to the bound, at any attempt', () => {
  fc.assert(
    fc.property(anyAttempt, anyBounds, fc.tuple(anyChance, anyChance), (attempt, bounds, chances) => {
      const [low, high] = [Math.min(...chances), Math.max(...chances)];
      const [lowMs, highMs] = [low, high].map((chance) => fullJitterMs(always(chance), attempt, bounds));
      expect(lowMs).toBeLessThanOrEqual(highMs as number);
      expect(lowMs).toBeGreaterThanOrEqual(bounds.minMs / 2);
      expect(highMs).toBeLessThanOrEqual(bounds.maxMs);
    }),
  );
});

/** One life of the client's socket. */
interface Life {
  /** Undefined: it ends before the welcome. */
  readonly openMs: number | undefined;
  readonly code: number;
  readonly chance: number;
  /** The page is looked at while it waits, so it does not wait to the end. */
  readonly isWoken: boolean;
}

const comingBack = [...Object.values(closeCodes), 1001, 1006].filter((code) => closeVerdict(code) !== 'stop');
const anyLife: fc.Arbitrary<Life> = fc.record({
  // Silence of one and a half heartbeats would end it by itself.
  openMs: fc.option(fc.oneof(fc.nat(limits.stableAfterMs - 1), fc.integer({ min: 30_000, max: 36_000 })), {
    nil: undefined,
  }),
  code: fc.constantFrom(...comingBack),
  chance: anyChance,
  isWoken: fc.boolean(),
});

/** Lives through them. @returns the wait after each, and what the page may expect of it. */
async function waitsOf(lives: readonly Life[]) {
  const world = new FakeWorld();
  const waits: (number | undefined)[] = [];
  const carillon = new Carillon('https://push.example', { token: () => 'jwt', ...world.surroundings });
  carillon.on('state', ({ state, retryInMs }) => {
    if (state === 'waiting') waits.push(retryInMs);
  });
  carillon.connect();
  for (const { openMs, code, chance, isWoken } of lives) {
    world.draws = () => chance;
    if (openMs !== undefined) await world.open();
    await world.advance(openMs ?? 0);
    world.socket.end(code);
    const before = world.sockets.length;
    const waitMs = waits.at(-1) ?? 0;
    if (isWoken) world.wake();
    else await world.advance(waitMs);
    await world.settle();
    expect(world.sockets, `after ${waitMs} ms`).toHaveLength(before + 1);
  }
  carillon.close();
  return waits;
}

/** The rule in words of the limits: what the wait after each life is, given how many failed in a row. */
function expected(lives: readonly Life[]): number[] {
  let failures = 0;
  return lives.map(({ openMs, code, chance }) => {
    if (openMs !== undefined && openMs >= limits.stableAfterMs) failures = 0;
    const isAtOnce = openMs !== undefined && closeVerdict(code) === 'reconnect' && failures < 3;
    const boundMs = Math.min(limits.reconnectMaxMs, limits.reconnectMinMs * 2 ** failures);
    failures += 1;
    return isAtOnce ? 0 : chance * boundMs;
  });
}

it('the client waits by how many sockets failed since one was stable, wake-ups or not', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyLife, { minLength: 1, maxLength: 12 }), async (lives) => {
      expect(await waitsOf(lives)).toEqual(expected(lives));
    }),
  );
});

it('the client never waits longer than the maximum, and comes back at once three times at most', async () => {
  const back = (): fc.Arbitrary<Life> =>
    fc.record({
      openMs: fc.nat(1_000),
      code: fc.constantFrom(...comingBack),
      chance: fc.double({ min: 0.5, max: 1, maxExcluded: true, noNaN: true }),
      isWoken: fc.constant(false),
    });
  await fc.assert(
    fc.asyncProperty(fc.array(back(), { minLength: 8, maxLength: 16 }), async (lives) => {
      const waits = await waitsOf(lives);
      for (const [failures, waitMs] of waits.entries()) {
        expect(waitMs).toBeLessThanOrEqual(limits.reconnectMaxMs);
        if (failures >= 3) expect(waitMs).toBeGreaterThanOrEqual(limits.reconnectMinMs * 4);
      }
    }),
    { numRuns: 30 },
  );
});
