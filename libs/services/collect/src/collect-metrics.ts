/** What Collect counts. Must never have a user, message or topic as a label. */
import { durationBuckets, Metrics } from '@carillon/platform';
import { Injectable } from '@nestjs/common';
import type { Target } from './posting.js';

/** Steps of a message through Collect. `doorbell`: from a batch's departure to the answer of a Dispatch. */
export type CollectStage = 'commit_wait' | 'append' | 'doorbell';

/** A request as it is counted; `code` is the HTTP status. */
export interface CountedRequest {
  readonly route: string;
  readonly code: number;
}

const batchBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

@Injectable()
export class CollectMetrics {
  private readonly requests;
  private readonly accepted;
  private readonly stages;
  private readonly stageOf;
  private readonly commits;
  private readonly doorbells;
  private readonly purges;

  constructor(metrics: Metrics) {
    this.requests = metrics.counter({
      name: 'carillon_collect_requests_total',
      help: 'Requests answered by Collect.',
      labels: ['route', 'code'],
    });
    this.accepted = metrics.counter({
      name: 'carillon_messages_accepted_total',
      help: 'Messages answered 202 for the first time; replays of a key are not counted.',
      labels: ['target'],
    });
    this.stages = metrics.histogram({
      name: 'carillon_stage_duration_seconds',
      help: 'Time that one step of the path of a message took.',
      labels: ['stage'],
      buckets: durationBuckets,
    });
    this.stageOf = {
      commit_wait: this.stages.labels('commit_wait'),
      append: this.stages.labels('append'),
      doorbell: this.stages.labels('doorbell'),
    };
    this.commits = metrics.histogram({
      name: 'carillon_collect_commit_entries',
      help: 'Entries per group commit.',
      buckets: batchBuckets,
    });
    this.doorbells = metrics.counter({
      name: 'carillon_collect_doorbells_total',
      help: 'Doorbells by outcome: taken by a Dispatch, dropped from a full queue, let go unanswered.',
      labels: ['outcome'],
    });
    this.purges = metrics.counter({
      name: 'carillon_purged_entries_total',
      help: 'Entries removed from the store long after they had expired.',
    });
  }

  /** Entries that were removed from the store. */
  purged(entries: number): void {
    this.purges.inc(entries);
  }

  request({ route, code }: CountedRequest): void {
    this.requests.inc({ route, code: String(code) });
  }

  message(target: Target): void {
    this.accepted.inc({ target });
  }

  stage(stage: CollectStage, ms: number): void {
    this.stageOf[stage].observe(ms / 1_000);
  }

  commit(entries: number): void {
    this.commits.observe(entries);
  }

  doorbell(outcome: 'taken' | 'dropped' | 'let_go', entries: number): void {
    this.doorbells.inc({ outcome }, entries);
  }
}
