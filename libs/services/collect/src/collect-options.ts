/**
 * What Collect is configured with, as one provider. Holds numbers only; every limit of its queues is in here.
 */
import { parameters } from '@carillon/domain';
import type { ServiceContext } from '@carillon/platform';

/** The limits of one Collect, from the configuration's slices `delivery` and `collect`. */
export class CollectOptions {
  readonly recipientsMax!: number;
  readonly batchMax!: number;
  readonly ttlDefaultMs!: number;
  readonly commitEntries!: number;
  readonly commitBytes!: number;
  readonly commitsInFlight!: number;
  /** A fixed one: the store's own. */
  readonly appendDeadlineMs!: number;
  readonly commitQueueEntries!: number;
  readonly doorbellQueueEntries!: number;
  readonly doorbellQueueBytes!: number;
  readonly dispatchBatchesInFlight!: number;
  readonly dispatchTimeoutMs!: number;
  readonly dispatchHeardMs!: number;
  readonly busyForMs!: number;
  readonly verdictTimeoutMs!: number;
  readonly antiEntropyMs!: number;
  readonly unackedEntriesMax!: number;

  static of({ delivery, collect }: ServiceContext['config']): CollectOptions {
    return { appendDeadlineMs: parameters.appendDeadlineMs, ...delivery, ...collect };
  }
}
