/**
 * Proves that a process's time follows the store's.
 * Real clock, so only differences far above noise are asserted.
 */
import { PortUnavailable, StoreFacts } from '@carillon/domain/ports';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { ClockGuard } from './clock-guard.js';
import { Health } from './health.js';
import { SystemClock } from './system-clock.js';

class SkewedFacts extends StoreFacts {
  skewMs = 0;
  isAway = false;
  /** How long an answer takes, on the machine's monotonic clock. */
  answerMs = 0;
  clock: ManualClock | undefined;

  override async epoch(): Promise<string> {
    return 'e';
  }

  override async beginEpoch(): Promise<string> {
    return 'e2';
  }

  override async now(): Promise<number> {
    if (this.isAway) throw new PortUnavailable('away');
    if (this.clock) this.clock.waitedMs += this.answerMs;
    return Date.now() + this.skewMs;
  }
}

/** Runs its timers when told to, on the machine's time. */
class ManualClock extends SystemClock {
  #due: (() => void)[] = [];
  /** How far the machine's clock was set by somebody. */
  setMs = 0;

  /** How long it waited for answers, without waiting. */
  waitedMs = 0;

  override now(): number {
    return super.now() + this.setMs;
  }

  override monotonic(): number {
    return super.monotonic() + this.waitedMs;
  }

  override after(_ms: number, task: () => void) {
    this.#due.push(task);
    return { cancel: () => undefined };
  }

  async fire(): Promise<void> {
    for (const task of this.#due.splice(0)) task();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function watched(skewMs: number) {
  const facts = new SkewedFacts();
  facts.skewMs = skewMs;
  return watchedWith(facts);
}

async function watchedWith(facts: SkewedFacts) {
  const clock = new ManualClock();
  facts.clock = clock;
  const health = new Health();
  health.setStarted();
  const guard = await ClockGuard.watch({ clock, facts, health, log: pino({ level: 'silent' }) });
  return { facts, clock, health, guard };
}

describe('the clock guard', () => {
  it('corrects the clock by the difference to the store', async () => {
    const { clock, health } = await watched(-3_000);
    expect(clock.now() - Date.now()).toBeGreaterThan(-3_100);
    expect(clock.now() - Date.now()).toBeLessThan(-2_900);
    expect((await health.readiness()).ready).toBe(true);
  });

  it('is not ready beyond 5 s, and ready again when the clock has been set right', async () => {
    const { facts, clock, health } = await watched(600_000);
    expect(await health.readiness()).toEqual({ ready: false, checks: { clock: 'unavailable' } });
    facts.skewMs = 1_000;
    await clock.fire();
    expect((await health.readiness()).ready).toBe(true);
    expect(Math.abs(clock.now() - Date.now() - 1_000)).toBeLessThan(100);
  });

  it('is trusted while it is near the store’s, and not after a jump until it has been measured', async () => {
    const { clock, guard, health, facts } = await watched(1_000);
    expect(guard.isTrusted).toBe(true);
    clock.setMs = 4_000; // within the bound
    expect(guard.isTrusted).toBe(true);
    clock.setMs = -3_600_000;
    expect(guard.isTrusted).toBe(false);
    expect((await health.readiness()).ready).toBe(false);
    facts.skewMs = 0;
    clock.setMs = -2_000;
    await clock.fire();
    expect(guard.isTrusted).toBe(true);
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(100);
  });

  it('is not trusted beyond the bound, though it is corrected', async () => {
    const { clock, guard } = await watched(600_000);
    expect(Math.abs(clock.now() - Date.now() - 600_000)).toBeLessThan(100);
    expect(guard.isTrusted).toBe(false);
  });

  it('is trusted after a slow answer as far as that says, and not corrected by it', async () => {
    const facts = new SkewedFacts();
    facts.skewMs = 2_000;
    facts.answerMs = 2_000;
    const { guard, clock } = await watchedWith(facts);
    expect([guard.isTrusted, clock.offsetMs]).toEqual([true, 0]);
    const slower = new SkewedFacts();
    slower.skewMs = 2_000;
    slower.answerMs = 8_000;
    const other = await watchedWith(slower);
    expect(other.guard.isTrusted).toBe(false);
    slower.answerMs = 0;
    await other.clock.fire();
    expect(other.guard.isTrusted).toBe(true);
    expect(Math.abs(other.clock.now() - Date.now() - 2_000)).toBeLessThan(100);
  });

  it('is not trusted when only a slow answer says that it is right, and not its correction', async () => {
    const { facts, clock, guard } = await watched(600_000);
    clock.setMs = 600_000; // the machine is right now, and corrected by ten minutes
    facts.answerMs = 2_000;
    await clock.fire();
    expect(clock.now() - Date.now() - 600_000).toBeGreaterThan(500_000);
    expect(guard.isTrusted).toBe(false);
    facts.answerMs = 0;
    await clock.fire();
    expect(guard.isTrusted).toBe(true);
    expect(Math.abs(clock.now() - Date.now() - 600_000)).toBeLessThan(100);
  });

  it('keeps the last measurement while the store is away, and goes on measuring', async () => {
    const { facts, clock } = await watched(2_000);
    facts.isAway = true;
    await clock.fire();
    expect(Math.abs(clock.now() - Date.now() - 2_000)).toBeLessThan(100);
    facts.isAway = false;
    facts.skewMs = 0;
    await clock.fire();
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(100);
  });

  it('does not move the clock for less than a measurement can tell', async () => {
    const { clock } = await watched(0);
    expect(clock.offsetMs).toBe(0);
  });

  it('rejects when the store cannot be asked at the start', async () => {
    const facts = new SkewedFacts();
    facts.isAway = true;
    const parts = { clock: new SystemClock(), facts, health: new Health(), log: pino({ level: 'silent' }) };
    await expect(ClockGuard.watch(parts)).rejects.toBeInstanceOf(PortUnavailable);
  });
});
