/**
 * The safety net under doorbells and notices: from time to time every followed log is compared with its head
 * in the store, and every user with the memberships there. What a lost doorbell left behind is delivered
 * then, and its user is registered again.
 */
import { jittered, type LogKey, parameters } from '@carillon/domain';
import { Clock, MessageLog, PortError, Random, repeat, sleep, type Timer } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { PushOptions } from '../push-options.js';
import { Registry } from '../session/registry.js';
import { Remedies } from './remedies.js';

/** What was just stored has its doorbell on the way: only what is still missing after this was lost. */
const doorbellGraceMs = 500;

interface Suspect {
  readonly log: LogKey;
  readonly head: number;
}

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
    private readonly remedies: Remedies,
  ) {}

  start(): void {
    this.timer = repeat(
      this.clock,
      () => jittered(this.random, Math.max(0, this.options.antiEntropyMs - doorbellGraceMs)),
      () => this.compareAll(),
    );
  }

  stop(): void {
    this.timer?.cancel();
  }

  /**
   * Compares every log followed here, and the memberships of every user. Never rejects; a call during a run
   * makes one more run follow.
   */
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
      const suspects = await this.suspects();
      if (suspects.length > 0) await sleep(this.clock, doorbellGraceMs);
      for (const { log, head } of suspects) this.find(log, head);
      await this.compareMembers();
    } while (this.isWantedAgain);
  }

  /** Logs that go further in the store than anybody here has heard. */
  private async suspects(): Promise<Suspect[]> {
    const logs = this.registry.logs();
    const perQuery = parameters.antiEntropyLogsPerQuery;
    const suspects: Suspect[] = [];
    for (let at = 0; at < logs.length; at += perQuery) {
      suspects.push(...(await this.compare(logs.slice(at, at + perQuery))));
    }
    return suspects;
  }

  private async compare(logs: readonly LogKey[]): Promise<Suspect[]> {
    try {
      const heads = await this.messages.heads(logs);
      return [...heads].flatMap(([log, head]) => (this.isBehind(log, head) ? [{ log, head }] : []));
    } catch (error) {
      if (!(error instanceof PortError)) throw error; // the next round asks again
      return [];
    }
  }

  private isBehind(log: LogKey, head: number): boolean {
    let isBehind = false;
    for (const pump of this.registry.followers(log) ?? []) {
      pump.run(); // mends a read that failed
      isBehind ||= pump.isBehind(head);
    }
    return isBehind;
  }

  private find(log: LogKey, head: number): void {
    this.remedies.deliver(log, head);
  }

  private async compareMembers(): Promise<void> {
    const users = this.registry.users();
    const perQuery = parameters.antiEntropyLogsPerQuery;
    for (let at = 0; at < users.length; at += perQuery) {
      await this.remedies.compareMembers(users.slice(at, at + perQuery));
    }
  }
}
