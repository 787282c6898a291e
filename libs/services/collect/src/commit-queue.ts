/**
 * Group commit: what queued up while the last commit was out is the next one. Waits for nothing, keeps the
 * order within every log, and never tells a request more than the store has confirmed.
 */
import type { Draft, Entry } from '@carillon/domain';
import { type Appended, Clock, MessageLog, PortError, type Timer } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { CollectMetrics } from './collect-metrics.js';
import { CollectOptions } from './collect-options.js';
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
  readonly deadline: Timer;
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
   * One outcome per draft, in order, within the append deadline: what is not known then is `unconfirmed`, and
   * what still waits is given up. Drafts of one log are placed in the order of all calls; a call's drafts may
   * be spread over several commits. The caller has asked `hasRoom` in the same turn. Rejects only with
   * what is a fault of ours: a store that is away leaves drafts `unconfirmed`.
   */
  submit(drafts: readonly Draft[]): Promise<readonly Appended[]> {
    if (drafts.length === 0) return Promise.resolve([]);
    const { promise, resolve, reject } = Promise.withResolvers<readonly Appended[]>();
    const submission: Submission = {
      outcomes: [],
      resolve,
      reject,
      // The wait counts: behind a commit that the store does not answer it is as long as that commit.
      deadline: this.clock.after(this.options.appendDeadlineMs, () => answer(submission, drafts.length)),
      open: drafts.length,
      isAnswered: false,
    };
    const since = this.clock.monotonic();
    for (const [index, draft] of drafts.entries()) {
      this.queue.push({ log: draft.log, bytes: bytesOf(draft), draft, since, submission, index });
    }
    this.run();
    return promise;
  }

  private run(): void {
    const { commitsInFlight, commitEntries: entries, commitBytes: bytes } = this.options;
    while (this.commitsOut < commitsInFlight) {
      const batch = this.queue.take({ entries, bytes });
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
      this.doorbells.ring(outcomes.flatMap((outcome) => this.worthRinging(outcome)));
      settle(batch, outcomes);
    } catch (error) {
      for (const { submission } of batch) {
        submission.deadline.cancel();
        submission.reject(error); // each request answers with it
      }
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
  private worthRinging(appended: Appended): Entry[] {
    if (appended.outcome === 'unconfirmed') return [];
    const { entry, outcome } = appended;
    const isFresh =
      outcome === 'appended' || this.clock.now() - entry.acceptedAt < this.options.antiEntropyMs;
    return isFresh && entry.mark === undefined ? [entry] : [];
  }
}

function settle(batch: readonly Waiting[], outcomes: readonly Appended[]): void {
  for (const [at, { submission, index }] of batch.entries()) {
    submission.outcomes[index] = outcomes[at] ?? unconfirmed;
    submission.open -= 1;
    if (submission.open === 0) answer(submission, submission.outcomes.length);
  }
}

function answer(submission: Submission, count: number): void {
  submission.isAnswered = true;
  submission.deadline.cancel();
  submission.resolve(Array.from({ length: count }, (_, at) => submission.outcomes[at] ?? unconfirmed));
}

function bytesOf({ data = '', notification = '' }: Draft): number {
  return entryOverheadBytes + Buffer.byteLength(data) + Buffer.byteLength(notification);
}
