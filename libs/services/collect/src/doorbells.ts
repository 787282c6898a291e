/**
 * Takes durable entries to a Dispatch: ready-made frames, in batches, to one that was heard lately. Any of
 * them may be lost; nothing but latency depends on it, so a full queue drops its oldest and a batch without
 * an answer is let go. While the bus is away they wait.
 */
import {
  type DispatchAnswer,
  type Doorbell,
  type DoorbellSlice,
  type Draft,
  type Entry,
  encodeDoorbell,
  entryFrame,
  fromJsonBytes,
  joinDoorbells,
  subjects,
  volatileFrame,
} from '@carillon/domain';
import { Bus, Clock, PortUnavailable } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { CollectMetrics } from './collect-metrics.js';
import { CollectOptions } from './collect-options.js';
import { Dispatches } from './dispatches.js';
import { LogQueue } from './log-queue.js';
import { Pressure } from './pressure.js';

/** A batch travels as one message of the bus, whose own limit is a megabyte. */
const batchBounds = { entries: 128, bytes: 524_288 };

/** An entry that was marked, with the times of the entry or of what marked it. */
export interface MarkedEntry extends Pick<Entry, 'log' | 'seq' | 'acceptedAt' | 'expiresAt'> {
  readonly mark: 'superseded' | 'recalled';
}

interface Bell {
  readonly log: Entry['log'];
  readonly bytes: number;
  readonly slice: DoorbellSlice;
}

@Injectable()
export class Doorbells {
  private readonly queue = new LogQueue<Bell>();
  private batchesOut = 0;

  constructor(
    private readonly bus: Bus,
    private readonly dispatches: Dispatches,
    private readonly pressure: Pressure,
    private readonly clock: Clock,
    private readonly metrics: CollectMetrics,
    private readonly options: CollectOptions,
  ) {}

  start(): void {
    this.dispatches.listen(() => this.run());
  }

  /** Entries that are durable, in the order of their logs. Never blocks and never fails. */
  ring(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const { log, seq, acceptedAt, expiresAt } = entry;
      this.push({ kind: 'entry', log, seq, acceptedAt, expiresAt, frame: entryFrame(entry) });
    }
    this.go();
  }

  /** Entries that were marked, so that nodes that have them in hand do not write them. */
  ringMarks(marked: readonly MarkedEntry[]): void {
    for (const { mark, ...place } of marked) this.push({ kind: mark, ...place, frame: '' });
    this.go();
  }

  /** A message that is in no log: for who is there now. `nonce` tells a doubled doorbell from a new one. */
  ringVolatile(drafts: readonly Draft[], nonce: number): void {
    for (const draft of drafts) {
      const { log, acceptedAt, expiresAt } = draft;
      this.push({ kind: 'volatile', log, seq: nonce, acceptedAt, expiresAt, frame: volatileFrame(draft) });
    }
    this.go();
  }

  /** No batch is out and none can go. */
  get isIdle(): boolean {
    return this.batchesOut === 0 && (this.queue.size === 0 || this.dispatches.count === 0);
  }

  private push(bell: Doorbell): void {
    const slice = encodeDoorbell(bell);
    this.queue.push({ log: bell.log, bytes: slice.bytes.length, slice });
  }

  private go(): void {
    this.dropExcess();
    this.run();
  }

  private dropExcess(): void {
    const { doorbellQueueEntries, doorbellQueueBytes } = this.options;
    let dropped = 0;
    while (this.queue.size > doorbellQueueEntries || this.queue.bytes > doorbellQueueBytes) {
      this.queue.dropOldest();
      dropped += 1;
    }
    if (dropped > 0) this.metrics.doorbell('dropped', dropped);
  }

  private run(): void {
    while (this.batchesOut < this.options.dispatchBatchesInFlight && this.queue.size > 0) {
      if (this.batchesOut > 0 && !this.queue.fillsHalf(batchBounds)) return;
      const id = this.dispatches.pick();
      if (id === undefined) return; // the next announcement goes on
      const batch = this.queue.take(batchBounds);
      if (batch.length === 0) return;
      this.batchesOut += 1;
      void this.send(batch, id);
    }
  }

  /** Never rejects. */
  private async send(batch: readonly Bell[], id: string): Promise<void> {
    const data = joinDoorbells(batch.map(({ slice }) => slice));
    const began = this.clock.monotonic();
    let answer = await this.ask(id, data);
    if (answer === 'silent') {
      const other = this.dispatches.pick();
      answer = other === undefined ? 'silent' : await this.ask(other, data);
    }
    this.batchesOut -= 1;
    if (answer === 'away') {
      this.keep(batch);
      return;
    }
    this.metrics.doorbell(answer === 'silent' ? 'let_go' : 'taken', batch.length);
    if (answer !== 'silent') {
      this.metrics.stage('doorbell', this.clock.monotonic() - began);
      this.pressure.note(answer);
    }
    this.queue.release(batch);
    this.run();
  }

  /**
   * While the bus is away nothing is given up that the queue has room for; the first announcement goes on.
   */
  private keep(batch: readonly Bell[]): void {
    this.dispatches.dropAll();
    this.queue.giveBack(batch);
    this.dropExcess();
  }

  /**
   * `away`: the bus cannot be asked, which says nothing about this Dispatch and is no better with another.
   */
  private async ask(id: string, data: Uint8Array): Promise<DispatchAnswer | 'silent' | 'away'> {
    try {
      const answer = await this.bus.request(subjects.dispatch(id), data, this.options.dispatchTimeoutMs);
      return fromJsonBytes<DispatchAnswer>(answer);
    } catch (error) {
      if (error instanceof PortUnavailable) return 'away';
      // No answer, or none that can be read: not asked until it announces itself again.
      this.dispatches.drop(id);
      return 'silent';
    }
  }
}
