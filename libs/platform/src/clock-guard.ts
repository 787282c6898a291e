/**
 * Keeps a process's time near the store's, and says whether it may be believed.
 * Beyond the bound the process is not ready; durations are not concerned.
 */
import { parameters } from '@carillon/domain';
import { ClockTrust, PortError, repeat, type StoreFacts, type Timer } from '@carillon/domain/ports';
import type { Logger } from 'pino';
import type { Health } from './health.js';
import type { SystemClock } from './system-clock.js';

export interface ClockGuardParts {
  readonly clock: SystemClock;
  readonly facts: StoreFacts;
  readonly health: Health;
  readonly log: Logger;
  readonly skewMaxMs?: number;
}

const measureEveryMs = 10_000;
/** A measurement whose question took longer says too little. */
const answerMaxMs = 1_000;

/** A process without a store stamps nothing. */
export class UnwatchedClock extends ClockTrust {
  override readonly isTrusted = true;
}

/** Measures every 10 s and corrects the clock by what it finds. */
export class ClockGuard extends ClockTrust {
  private skewMs = 0;
  /** Corrected time less monotonic time when it was measured: a jump of the machine's clock changes it. */
  private baseMs = 0;
  private timer: Timer | undefined;

  private constructor(
    private readonly parts: ClockGuardParts,
    private readonly skewMaxMs: number,
  ) {
    super();
  }

  /** The first measurement is made when it resolves. @throws PortUnavailable if it cannot be made */
  static async watch(parts: ClockGuardParts): Promise<ClockGuard> {
    const guard = new ClockGuard(parts, parts.skewMaxMs ?? parameters.clockSkewMaxMs);
    await guard.measure();
    parts.health.addCheck('clock', async () => guard.check());
    guard.timer = repeat(
      parts.clock,
      () => measureEveryMs,
      () => guard.observe(),
    );
    return guard;
  }

  override get isTrusted(): boolean {
    return Math.abs(this.skewMs) <= this.skewMaxMs && Math.abs(this.jumpedMs) <= this.skewMaxMs;
  }

  cancel(): void {
    this.timer?.cancel();
  }

  private get jumpedMs(): number {
    const { clock } = this.parts;
    return clock.now() - clock.monotonic() - this.baseMs;
  }

  private check(): void {
    if (this.isTrusted) return;
    const offMs = Math.abs(this.skewMs) > this.skewMaxMs ? this.skewMs : this.jumpedMs;
    throw new Error(`the clock is ${Math.round(offMs)} ms from the store's`);
  }

  private async observe(): Promise<void> {
    const { log } = this.parts;
    try {
      await this.measure();
      if (Math.abs(this.skewMs) > this.skewMaxMs)
        log.warn({ skewMs: Math.round(this.skewMs) }, 'clock differs from the store');
    } catch (error) {
      // While the store is away the last measurement stands; the store's own check says that it is away.
      if (!(error instanceof PortError)) log.error({ err: error }, 'clock not measured');
    }
  }

  /** How far the machine's own clock is from the store's; corrects by it when the answer came soon enough. */
  private async measure(): Promise<void> {
    const { clock, facts } = this.parts;
    const askedAt = clock.monotonic();
    const storeNow = await facts.now();
    const answerMs = clock.monotonic() - askedAt;
    if (answerMs > answerMaxMs) return;
    const skewMs = storeNow + answerMs / 2 - (clock.now() - clock.offsetMs);
    // Less than the measurement's own doubt is noise, and a clock that jumps for nothing helps nobody.
    if (Math.abs(skewMs - clock.offsetMs) > Math.max(answerMs, 2)) clock.correct(skewMs);
    this.skewMs = skewMs;
    this.baseMs = clock.now() - clock.monotonic();
  }
}
