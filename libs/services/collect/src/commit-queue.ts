/**
 * Group commit: what queued up while the last commit was out is the next one. Waits for nothing, keeps the
 * order within every log, and never tells a request more than the store has confirmed.
 */
import type { Draft, Entry } from '@carillon/domain';
import { type Appended, Clock, MessageLog, PortError } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { CollectMetrics } from './collect-metrics.js';
import { CollectOptions } from './collect-options.js';
import type { Deadline } from './deadlines.js';
import { Doorbells } from './doorbells.js';
import { LogQueue } from './log-queue.js';

/** What an entry costs in a commit beside its content. */
const entryOverheadBytes = 256;

interface Waiting {
  readonly log: Draft['log'];
  readonly bytes: number;
  readonly draft: Draft;
  readonly since: number;
  readonly submission: Submission;
  /** Its place in the submission. */
  readonly index: number;
}

interface Submission {
  readonly outcomes: Appended[];
  readonly resolve: (outcomes: readonly Appended[]) => void;
  readonly reject: (error: unknown) => void;
  open: number;
  /** What of it has not gone out by then never will. */
  isAnswered: boolean;
}

const unconfirmed: Appended = { outcome: 'unconfirmed' };

@Injectable()
export class CommitQueue {
  private readonly queue = new LogQueue<Waiting>();
  private commitsOut = 0;

  constructor(
    private readonly log: MessageLog,
    private readonly doorbells: Doorbells,
    private readonly clock: Clock,
    private readonly metrics: CollectMetrics,
    private readonly options: CollectOptions,
  ) {}

  /** Whether so many entries may be submitted now. */
  hasRoom(entries: number): boolean {
    return this.queue.size + entries <= this.options.commitQueueEntries;
  }

  /**
   * One outcome per draft, in order, when the deadline is over at the latest: what is not known then is
   * `unconfirmed`, and what still waits is given up. Drafts of one log are placed in the order of all calls;
   * those of one call may be spread over several commits. The caller has asked `hasRoom` in the same turn.
   * Rejects only with what is a fault of ours: a store that is away leaves drafts `unconfirmed`.
   */
  submit(drafts: readonly Draft[], deadline: Deadline): Promise<readonly Appended[]> {
    if (drafts.length === 0) return Promise.resolve([]);
    if (deadline.isOver) return Promise.resolve(drafts.map(() => unconfirmed));
    const { promise, resolve, reject } = Promise.withResolvers<readonly Appended[]>();
    const since = this.clock.monotonic();
    const outcomes = drafts.map(() => unconfirmed);
    const submission = { outcomes, resolve, reject, open: drafts.length, isAnswered: false };
    deadline.onOver(() => answer(submission));
    for (let index = 0; index < drafts.length; index += 1) {
      const draft = drafts[index] as Draft;
      this.queue.push({ log: draft.log, bytes: bytesOf(draft), draft, since, submission, index });
    }
    this.run();
    return promise;
  }

  /** Beside a commit that is out another goes only well filled: many small ones cost more than they save. */
  private run(): void {
    const { commitsInFlight, commitEntries, commitBytes } = this.options;
    const bounds = { entries: commitEntries, bytes: commitBytes };
    while (this.commitsOut < commitsInFlight) {
      if (this.commitsOut > 0 && !this.queue.fillsHalf(bounds)) return;
      const batch = this.queue.take(bounds);
      if (batch.length === 0) return;
      this.commitsOut += 1;
      void this.commit(batch);
    }
  }

  /** Never rejects. */
  private async commit(taken: readonly Waiting[]): Promise<void> {
    const batch = taken.filter(({ submission }) => !submission.isAnswered);
    const began = this.clock.monotonic();
    this.metrics.commit(batch.length);
    for (const { since } of batch) this.metrics.stage('commit_wait', began - since);
    try {
      const outcomes = await this.append(batch);
      this.metrics.stage('append', this.clock.monotonic() - began);
      this.doorbells.ring(this.worthRinging(outcomes));
      this.settle(batch, outcomes);
    } catch (error) {
      for (const { submission } of batch) submission.reject(error); // each request answers with it
    } finally {
      this.commitsOut -= 1;
      this.queue.release(taken);
      this.run();
    }
  }

  private async append(batch: readonly Waiting[]): Promise<readonly Appended[]> {
    if (batch.length === 0) return [];
    try {
      return await this.log.append(batch.map(({ draft }) => draft));
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      return batch.map(() => unconfirmed); // the store is away: nothing may be promised
    }
  }

  /**
   * What is found there already may lack its doorbell,
   * if whoever wrote it is gone; older ones are anti-entropy's.
   */
  private worthRinging(outcomes: readonly Appended[]): Entry[] {
    const entries: Entry[] = [];
    for (const each of outcomes) {
      if (each.outcome === 'unconfirmed' || each.entry.mark !== undefined) continue;
      if (each.outcome === 'appended' || this.isFresh(each.entry)) entries.push(each.entry);
    }
    return entries;
  }

  private isFresh({ acceptedAt }: Entry): boolean {
    return this.clock.now() - acceptedAt < this.options.antiEntropyMs;
  }

  private settle(batch: readonly Waiting[], outcomes: readonly Appended[]): void {
    for (let at = 0; at < batch.length; at += 1) {
      const { submission, index } = batch[at] as Waiting;
      if (submission.isAnswered) continue;
      submission.outcomes[index] = outcomes[at] ?? unconfirmed;
      submission.open -= 1;
      if (submission.open === 0) answer(submission);
    }
  }
}

/** With what is known by now. */
function answer(submission: Submission): void {
  submission.isAnswered = true;
  submission.resolve(submission.outcomes);
}

function bytesOf({ data = '', notification = '' }: Draft): number {
  return entryOverheadBytes + Buffer.byteLength(data) + Buffer.byteLength(notification);
}
