/** What connections were sent and settled: the ledger beside the log. Kept 30 days. */
import type { LogKey, UserKey } from '../keys.js';
import type { ConnectionRecord, Receipt, ReceiptAddition } from '../receipt.js';

/** An entry, and whose receipts of it are meant. */
export interface ReceiptPlace {
  readonly log: LogKey;
  readonly seq: number;
  readonly user: UserKey;
}

export abstract class Receipts {
  /**
   * Adds to receipts (created where absent) and writes connections whole (last write wins). Additions of one
   * id add up to one receipt whatever their order, by `receiptSums`; one that is written again adds nothing.
   * In batches, without order between calls; may be lost with the store's primary. @throws PortUnavailable
   */
  abstract record(
    additions: readonly ReceiptAddition[],
    connections: readonly ConnectionRecord[],
  ): Promise<void>;
  /**
   * Receipts of this log whose sent or settled ranges include the seq; for a topic those of `user` only.
   * @throws PortUnavailable
   */
  abstract ofEntry(log: LogKey, seq: number, user: UserKey): Promise<readonly Receipt[]>;
  /**
   * What `ofEntry` gives for each of the places, in their order: a whole message in a few look-ups.
   * @throws PortUnavailable
   */
  abstract ofEntries(places: readonly ReceiptPlace[]): Promise<readonly (readonly Receipt[])[]>;
  /** Removes the user's receipts and connections, durable. @throws PortUnavailable */
  abstract forget(user: UserKey): Promise<void>;
  /**
   * The user's connections that were open after `since` (epoch ms), newest first, at most `limit`.
   * @throws PortUnavailable
   */
  abstract connectionsOf(user: UserKey, since: number, limit: number): Promise<readonly ConnectionRecord[]>;
}
