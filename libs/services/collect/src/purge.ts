/**
 * Empties what expired a day ago and removes what expired long ago, log by log, from time to time. Must never
 * touch what is younger than the retention, nor make a hole: that is the port's promise. Several Collects may
 * do it at once.
 */
import { jittered, type LogKey, parameters } from '@carillon/domain';
import { Clock, ClockTrust, LogKeeping, PortError, Random, repeat, type Timer } from '@carillon/domain/ports';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CollectMetrics } from './collect-metrics.js';

const everyMs = 3_600_000;
const logsPerPage = 200;
const entriesPerStep = 1_000;

@Injectable()
export class Purge implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: Timer | undefined;
  private isStopped = false;

  constructor(
    private readonly keeping: LogKeeping,
    private readonly clock: Clock,
    private readonly trust: ClockTrust,
    private readonly random: Random,
    private readonly metrics: CollectMetrics,
  ) {}

  /** The first round comes within the first period, at a moment that differs from process to process. */
  onApplicationBootstrap(): void {
    this.timer = repeat(
      this.clock,
      () => jittered(this.random, everyMs, 0.9),
      () => this.round(),
    );
  }

  /** No step begins after this. */
  onApplicationShutdown(): void {
    this.isStopped = true;
    this.timer?.cancel();
  }

  /** All logs once. Never rejects: what could not be removed waits for the next round. */
  async round(): Promise<void> {
    if (!this.trust.isTrusted) return;
    const before = this.clock.now() - parameters.purgeAfterMs;
    try {
      await this.emptyExpired();
      let after: LogKey | undefined;
      do {
        const logs = await this.keeping.logsWithEntriesBefore(before, after, logsPerPage);
        for (const log of logs) await this.purge(log, before);
        after = logs.at(-1);
      } while (after !== undefined && !this.isStopped);
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
    }
  }

  private async emptyExpired(): Promise<void> {
    const before = this.clock.now() - parameters.emptyAfterMs;
    let emptied = entriesPerStep;
    while (emptied === entriesPerStep && !this.isStopped) {
      emptied = await this.keeping.emptyExpired(before, entriesPerStep);
    }
  }

  private async purge(log: LogKey, before: number): Promise<void> {
    const bounds = { expiredBefore: before, acceptedBefore: before, limit: entriesPerStep };
    let removed = entriesPerStep;
    while (removed === entriesPerStep && !this.isStopped) {
      removed = await this.keeping.purge(log, bounds);
      this.metrics.purged(removed);
    }
  }
}
