/**
 * The safety net under the doorbells: from time to time every followed log is compared with its head in the
 * store. What a lost doorbell left behind is delivered then, and its user is registered again.
 */
import { jittered, type LogKey, logUser, parameters } from '@carillon/domain';
import { Bus, Clock, MessageLog, PortError, Random, repeat, type Timer } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { OwnRoutes } from '../node/own-routes.js';
import { PushOptions } from '../push-options.js';
import { Registry } from '../session/registry.js';

@Injectable()
export class AntiEntropy {
  private timer: Timer | undefined;
  private running: Promise<void> | undefined;
  private isWantedAgain = false;

  constructor(
    private readonly messages: MessageLog,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly options: PushOptions,
    private readonly registry: Registry,
    private readonly own: OwnRoutes,
  ) {}

  start(bus: Bus): void {
    bus.onReconnect(() => void this.compareAll());
    this.timer = repeat(
      this.clock,
      () => jittered(this.random, this.options.antiEntropyMs),
      () => this.compareAll(),
    );
  }

  stop(): void {
    this.timer?.cancel();
  }

  /** Compares every log followed here. Never rejects; a call during a run makes one more run follow. */
  compareAll(): Promise<void> {
    if (this.running) {
      this.isWantedAgain = true;
      return this.running;
    }
    this.running = this.work().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async work(): Promise<void> {
    do {
      this.isWantedAgain = false;
      const logs = this.registry.logs();
      const perQuery = parameters.antiEntropyLogsPerQuery;
      for (let at = 0; at < logs.length; at += perQuery) await this.compare(logs.slice(at, at + perQuery));
    } while (this.isWantedAgain);
  }

  private async compare(logs: readonly LogKey[]): Promise<void> {
    try {
      const heads = await this.messages.heads(logs);
      for (const [log, head] of heads) this.find(log, head);
    } catch (error) {
      if (!(error instanceof PortError)) throw error; // the next round asks again
    }
  }

  private find(log: LogKey, head: number): void {
    let isNews = false;
    for (const pump of this.registry.followers(log) ?? []) isNews = pump.find(head) || isNews;
    const user = logUser(log);
    if (isNews && user) void this.own.claim(user);
  }
}
