/**
 * Appends scheduled messages when their time has come, each once: under a claim, with its own id. A process
 * that dies in the middle leaves a claim that runs out; whoever claims it then completes the same message.
 */
import { parameters } from '@carillon/domain';
import {
  type Claim,
  Clock,
  ClockTrust,
  PortError,
  Random,
  randomName,
  repeat,
  Schedule,
  type ScheduledMessage,
  type Timer,
} from '@carillon/domain/ports';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Appending, slicesOf } from './appending.js';
import { Deadlines } from './deadlines.js';
import type { Outcome } from './outcome.js';
import { type Posting, postingDue } from './posting.js';
import { scheduledPosting } from './scheduling.js';

const everyMs = 1_000;
const claimMax = 100;
/** Rounds that follow each other at once while more is due than one claim takes. */
const roundsMax = 20;

@Injectable()
export class Firing implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: Timer | undefined;
  private isStopped = false;

  constructor(
    private readonly schedule: Schedule,
    private readonly appending: Appending,
    private readonly deadlines: Deadlines,
    private readonly clock: Clock,
    private readonly trust: ClockTrust,
    private readonly random: Random,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = repeat(
      this.clock,
      () => everyMs,
      () => this.fireDue(),
    );
  }

  /** No claim is made after this; what is claimed is finished by whoever claims it next. */
  onApplicationShutdown(): void {
    this.isStopped = true;
    this.timer?.cancel();
  }

  /** All that is due. Never rejects: what could not be done is due again when its claim has run out. */
  async fireDue(): Promise<void> {
    try {
      for (let round = 0; round < roundsMax && this.isAble; round += 1) {
        if ((await this.fireSome()) < claimMax) return;
      }
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
    }
  }

  private get isAble(): boolean {
    return !this.isStopped && this.trust.isTrusted && this.appending.hasRoom;
  }

  private async fireSome(): Promise<number> {
    const now = this.clock.now();
    const claim: Claim = { by: randomName(this.random, 16), until: now + parameters.scheduleClaimMs };
    const due = await this.schedule.claimDue(now, claim, claimMax);
    if (due.length === 0) return 0;
    const postings = due.map((each) => postingDue(scheduledPosting(each), now));
    const outcomes: Outcome[] = [];
    for (const slice of slicesOf(postings)) outcomes.push(...(await this.append(slice)));
    const fired = due.filter((_, at) => isDone(outcomes[at]?.outcome));
    await this.schedule.fired(fired.map(idOf), claim.by, this.clock.now());
    return due.length;
  }

  private append(postings: readonly Posting[]): Promise<readonly Outcome[]> {
    return this.deadlines.during((deadline) => this.appending.append(postings, deadline));
  }
}

/** `reused` cannot be mended by trying again: its id is in a log as another message. */
function isDone(outcome: string | undefined): boolean {
  return outcome === 'accepted' || outcome === 'reused';
}

function idOf({ id }: ScheduledMessage): string {
  return id;
}
