/**
 * What Dispatch is configured with, as one provider.
 * Holds an id and numbers; every limit of its work is in here.
 */
import type { ServiceContext } from '@carillon/platform';

/** The limits of one Dispatch, from the configuration's slices `delivery` and `dispatch`. */
export class DispatchOptions {
  /** A token of a subject; a new one with every start. */
  readonly id!: string;
  readonly batchesMax!: number;
  readonly dispatchAnnounceMs!: number;
  readonly dispatchAnswerMs!: number;
  readonly leaseTtlMs!: number;
  readonly pushBatchEntries!: number;
  readonly pushBatchBytes!: number;
  readonly pushBatchesInFlight!: number;
  readonly pushTimeoutMs!: number;

  static of({ delivery, dispatch }: ServiceContext['config'], id: string): DispatchOptions {
    return { ...delivery, ...dispatch, id };
  }
}
