/** Answers to batches of doorbells. The batches themselves are bytes (doorbell.ts). JSON. */
import type { UserKey } from '../keys.js';

/** A node's answer to one batch. `busy`: nothing was taken, the node has more than it can write. */
export type PushAnswer =
  | { readonly outcome: 'taken'; readonly gone: readonly UserKey[] }
  | { readonly outcome: 'busy' };

/**
 * Dispatch's answer to one batch, within a second whatever happened. `refused` counts entries not taken by
 * nodes that are busy, or that timed out but have renewed their lease since:
 * the back-pressure that Collect acts upon.
 */
export interface DispatchAnswer {
  readonly entries: number;
  readonly refused: number;
}

/** What every Dispatch says each second. The id may be a token of a subject. */
export interface DispatchAnnouncement {
  readonly id: string;
}
