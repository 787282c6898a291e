/** What Dispatch counts. Must never have a user, message, topic or node as a label. */
import { Metrics } from '@carillon/platform';
import { Injectable } from '@nestjs/common';
import { NodeBook } from './node-book.js';

/** Steps of a batch through Dispatch. */
export type DispatchStage = 'route_lookup' | 'push_request' | 'dispatch_batch';

/** `flooded`: the routes could not be asked, every node was told. */
export type BatchOutcome = 'routed' | 'flooded' | 'late' | 'refused' | 'unreadable';

/** What became of a doorbell for one user; an entry may count for several nodes. */
export type DoorbellOutcome =
  | 'taken'
  | 'no_route'
  | 'gone'
  | 'busy'
  | 'timed_out'
  | 'no_responder'
  | 'skipped'
  | 'bus_away';

@Injectable()
export class DispatchMetrics {
  private readonly stageOf;
  private readonly batches;
  private readonly doorbells;

  constructor(metrics: Metrics, nodes: NodeBook) {
    const stages = metrics.histogram({
      name: 'carillon_stage_duration_seconds',
      help: 'Time that one step of the path of a message took.',
      labels: ['stage'],
    });
    this.stageOf = {
      route_lookup: stages.labels('route_lookup'),
      push_request: stages.labels('push_request'),
      dispatch_batch: stages.labels('dispatch_batch'),
    };
    this.batches = metrics.counter({
      name: 'carillon_dispatch_batches_total',
      help: 'Batches of doorbells from Collect, by what became of them.',
      labels: ['outcome'],
    });
    this.doorbells = metrics.counter({
      name: 'carillon_dispatch_doorbells_total',
      help: 'Doorbells by what became of them; one for each node to which an entry goes.',
      labels: ['outcome'],
    });
    metrics.gauge({
      name: 'carillon_dispatch_skipped_nodes',
      help: 'Nodes that did not answer and are skipped until they renew their lease.',
      collect: () => nodes.skippedCount,
    });
  }

  stage(stage: DispatchStage, ms: number): void {
    this.stageOf[stage].observe(ms / 1_000);
  }

  batch(outcome: BatchOutcome): void {
    this.batches.inc({ outcome });
  }

  doorbell(outcome: DoorbellOutcome, count: number): void {
    if (count > 0) this.doorbells.inc({ outcome }, count);
  }
}
