/** Messages that wait for their time. Each fires once: by compare-and-set, under a claim that runs out. */

/** `waiting` → `claimed` → `fired`, or `waiting` → `cancelled`; an expired claim may be claimed again. */
export type ScheduledState = 'waiting' | 'claimed' | 'fired' | 'cancelled';

/** A message that was accepted for later. Times are epoch milliseconds. */
export interface ScheduledMessage {
  readonly id: string;
  readonly tenant: string;
  /** Hash over body and targets, as in an entry's origin; empty without a key. */
  readonly fingerprint: string;
  /** JSON text of what is to be posted; only Collect reads it. There as long as the message is. */
  readonly posting: string;
  readonly recipients: number;
  readonly acceptedAt: number;
  readonly dueAt: number;
  readonly state: ScheduledState;
}

/** A right to fire until `until`; `by` names the process and try, so that a late one is refused. */
export interface Claim {
  readonly by: string;
  readonly until: number;
}

export abstract class Schedule {
  /**
   * Stores the message as waiting unless one with its id is there; durable on a majority before it resolves.
   * @returns the one that is stored. @throws PortUnavailable
   */
  abstract add(message: Omit<ScheduledMessage, 'state'>): Promise<ScheduledMessage>;
  /** Those of the ids that are there, in no order. Never stale. @throws PortUnavailable */
  abstract find(ids: readonly string[]): Promise<readonly ScheduledMessage[]>;
  /**
   * Claims what is due at `now` and waiting, or claimed with a claim that has run out, oldest first, at most
   * `limit`. Of racing processes each message goes to one, and one may get fewer than are due.
   * @throws PortUnavailable
   */
  abstract claimDue(now: number, claim: Claim, limit: number): Promise<readonly ScheduledMessage[]>;
  /**
   * Marks claimed messages as fired, durable; only where `by` still holds the claim, also one that has run
   * out if nobody has taken it over. Fired and cancelled ones are kept for a day (for keyed retries) and may
   * vanish after it. @throws PortUnavailable
   */
  abstract fired(ids: readonly string[], by: string, now: number): Promise<void>;
  /**
   * Cancels what is waiting, durable. `too-late`: claimed or fired. Idempotent. @throws PortUnavailable
   */
  abstract cancel(id: string, now: number): Promise<'cancelled' | 'too-late' | 'unknown'>;
}
