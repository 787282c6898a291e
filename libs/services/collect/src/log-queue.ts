/**
 * Items that wait to go out in batches, in order of arrival. Two batches that are out never share a log, so
 * the order within a log is that of arrival, whatever takes how long. Must never wait by itself: it is asked.
 */
import type { LogKey } from '@carillon/domain';

export interface Queued {
  readonly log: LogKey;
  readonly bytes: number;
}

export interface BatchBounds {
  readonly entries: number;
  readonly bytes: number;
}

/** Slots in front of the queue that were left empty are given back when there are more than this. */
const emptySlotsMax = 256;

export class LogQueue<T extends Queued> {
  private items: T[] = [];
  private front = 0;
  private waitingBytes = 0;
  private readonly closed = new Set<LogKey>();

  /** Items that wait; those that are out do not count. */
  get size(): number {
    return this.items.length - this.front;
  }

  get bytes(): number {
    return this.waitingBytes;
  }

  /** Whether enough waits for a batch of its own beside one that is out: half of what the bounds allow. */
  fillsHalf({ entries, bytes }: BatchBounds): boolean {
    return this.size * 2 >= entries || this.waitingBytes * 2 >= bytes;
  }

  push(item: T): void {
    this.items.push(item);
    this.waitingBytes += item.bytes;
  }

  /**
   * The oldest items whose logs are open, within the bounds; one item alone may be larger. Closes their logs
   * until `release`. Empty when nothing may go.
   */
  take({ entries, bytes }: BatchBounds): T[] {
    const batch: T[] = [];
    const passedOver: T[] = [];
    let batchBytes = 0;
    let at = this.front;
    for (; at < this.items.length && batch.length < entries; at += 1) {
      const item = this.items[at] as T;
      if (this.closed.has(item.log)) {
        passedOver.push(item);
        continue;
      }
      if (batch.length > 0 && batchBytes + item.bytes > bytes) break;
      batch.push(item);
      batchBytes += item.bytes;
    }
    this.putBack(passedOver, at);
    this.waitingBytes -= batchBytes;
    for (const { log } of batch) this.closed.add(log);
    return batch;
  }

  /** Opens the logs of a batch that was out. */
  release(batch: readonly T[]): void {
    for (const { log } of batch) this.closed.delete(log);
  }

  /** A batch that was out did not go anywhere: it waits again, before everything else. */
  giveBack(batch: readonly T[]): void {
    this.release(batch);
    this.items = [...batch, ...this.items.slice(this.front)];
    this.front = 0;
    for (const { bytes } of batch) this.waitingBytes += bytes;
  }

  /** Removes the oldest that waits. */
  dropOldest(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.items[this.front] as T;
    this.waitingBytes -= item.bytes;
    this.moveFront(this.front + 1);
    return item;
  }

  /** What was passed over keeps its place before everything from `end` on. */
  private putBack(passedOver: readonly T[], end: number): void {
    const start = end - passedOver.length;
    for (const [index, item] of passedOver.entries()) this.items[start + index] = item;
    this.moveFront(start);
  }

  private moveFront(front: number): void {
    this.front = front;
    if (front === this.items.length) {
      this.items = [];
      this.front = 0;
    } else if (front > emptySlotsMax && front * 2 > this.items.length) {
      this.items = this.items.slice(front);
      this.front = 0;
    }
  }
}
