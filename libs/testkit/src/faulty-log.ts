/**
 * A message log whose store fails when told to: appends of unknown outcome that were placed or not, and reads
 * that cannot be answered. Must never break what MessageLog promises.
 */
import type { Draft, Entry, LogKey } from '@carillon/domain';
import { type Appended, type LogPlace, MessageLog, PortUnavailable } from '@carillon/domain/ports';

/**
 * How an append fails. `placed`: it is there all the same;
 * `not-placed`: it is not; `partly`: only the first half is.
 */
export type AppendFault = 'placed' | 'not-placed' | 'partly';

/** Wraps a message log. */
export class FaultyLog extends MessageLog {
  /** While true, whatever is asked is a PortUnavailable, and nothing is appended. */
  isAway = false;
  /**
   * While true, `read` and `readMany` alone are a PortUnavailable: the store goes away between two questions.
   */
  areReadsAway = false;
  /** How many calls reached the log, with or without a fault. */
  readonly calls = { append: 0, read: 0, readMany: 0 };
  private readonly appendFaults: AppendFault[] = [];
  private held = Promise.resolve();

  constructor(private readonly log: MessageLog) {
    super();
  }

  /** The next appends fail, one after the other, each in this way. */
  failAppends(...faults: readonly AppendFault[]): void {
    this.appendFaults.push(...faults);
  }

  /** Every append from now on waits. @returns what lets those that wait, and all later ones, go on. */
  holdAppends(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.held = promise;
    return resolve;
  }

  override async append(drafts: readonly Draft[]): Promise<readonly Appended[]> {
    this.calls.append += 1;
    await this.held;
    if (this.isAway) return drafts.map(() => ({ outcome: 'unconfirmed' }));
    const fault = this.appendFaults.shift();
    if (!fault) return this.log.append(drafts);
    const placed = { placed: drafts.length, partly: Math.ceil(drafts.length / 2), 'not-placed': 0 }[fault];
    await this.log.append(drafts.slice(0, placed));
    return drafts.map(() => ({ outcome: 'unconfirmed' }));
  }

  override async read(log: LogKey, after: number, limit: number): Promise<readonly Entry[]> {
    this.calls.read += 1;
    if (this.areReadsAway) throw new PortUnavailable('the store is away');
    this.refuseWhileAway();
    return this.log.read(log, after, limit);
  }

  override async readMany(
    places: readonly LogPlace[],
    limit: number,
  ): Promise<readonly (readonly Entry[])[]> {
    this.calls.readMany += 1;
    if (this.areReadsAway) throw new PortUnavailable('the store is away');
    this.refuseWhileAway();
    return this.log.readMany(places, limit);
  }

  override async heads(logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>> {
    this.refuseWhileAway();
    return this.log.heads(logs);
  }

  override async ofMessage(messageId: string): Promise<readonly Entry[]> {
    this.refuseWhileAway();
    return this.log.ofMessage(messageId);
  }

  override async entryOf(messageId: string, log: LogKey): Promise<Entry | undefined> {
    this.refuseWhileAway();
    return this.log.entryOf(messageId, log);
  }

  private refuseWhileAway(): void {
    if (this.isAway) throw new PortUnavailable('the store is away');
  }
}
