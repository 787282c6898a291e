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
/** As long as it is not trusted. */
const retryEveryMs = 1_000;
/** A measurement whose question took longer says too little. */
const answerMaxMs = 1_000;

/** A process without a store stamps nothing. */
export class UnwatchedClock extends ClockTrust {
  override readonly isTrusted = true;
}

/** Measures every 10 s, more often while it is not trusted, and corrects the clock by what it finds. */
export class ClockGuard extends ClockTrust {
  private skewMs = 0;
  /** What a slow answer left uncorrected of it. */
  private leftMs = 0;
  /** Nothing is known before the first measurement. */
  private doubtMs = Number.POSITIVE_INFINITY;
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
      () => (guard.isTrusted ? measureEveryMs : retryEveryMs),
      () => guard.observe(),
    );
    return guard;
  }

  override get isTrusted(): boolean {
    const farthestMs = Math.max(Math.abs(this.skewMs), Math.abs(this.leftMs));
    return farthestMs + this.doubtMs <= this.skewMaxMs && Math.abs(this.jumpedMs) <= this.skewMaxMs;
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
    const [skew, doubt, jump] = [this.skewMs, this.doubtMs, this.jumpedMs].map(Math.round);
    throw new Error(`the clock is ${skew} ms from the store's, within ${doubt} ms, and jumped by ${jump} ms`);
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

  /**
   * How far the machine's own clock is from the store's. A slow answer leaves a doubt of half its time: it
   * corrects nothing, and says something only where nothing better is known.
   */
  private async measure(): Promise<void> {
    const { clock, facts } = this.parts;
    const askedAt = clock.monotonic();
    const storeNow = await facts.now();
    const answerMs = clock.monotonic() - askedAt;
    const skewMs = storeNow + answerMs / 2 - (clock.now() - clock.offsetMs);
    const isCertain = answerMs <= answerMaxMs;
    if (!isCertain && this.isTrusted) return;
    // Less than the measurement's own doubt is noise, and a clock that jumps for nothing helps nobody.
    if (isCertain && Math.abs(skewMs - clock.offsetMs) > Math.max(answerMs, 2)) clock.correct(skewMs);
    this.skewMs = skewMs;
    this.leftMs = skewMs - clock.offsetMs;
    this.doubtMs = answerMs / 2;
    this.baseMs = clock.now() - clock.monotonic();
  }
}
