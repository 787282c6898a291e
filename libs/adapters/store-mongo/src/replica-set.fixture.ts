/**
 * A replica set in memory, for the append: rows take effect on a primary, become committed later, and are
 * rolled back with it when it fails before. Commands may be late, their answers lost, their write concern
 * unmet. All from one seed.
 */
import type { Entry, EntryId, LogKey } from '@carillon/domain';
import { type Clock, PortUnavailable, type Random, sleep } from '@carillon/domain/ports';
import type { AppendCalls } from './append.js';
import type { RefusedRow, WriteReport } from './write-report.js';

/** Probabilities per command, unless a unit is named. */
export interface Faults {
  /** The command never arrives. */
  readonly lost: number;
  /** It is carried out, and the answer is lost. */
  readonly answerLost: number;
  /**
   * The caller is told that the outcome is unknown, and the command is carried out up to `lateMaxMs` later.
   */
  readonly late: number;
  readonly lateMaxMs: number;
  /** It is carried out, and the reply has an unmet write concern and leaves duplicates out. */
  readonly concernUnmet: number;
  /** A read is refused. */
  readonly readRefused: number;
  /** The primary fails right after the command took effect, taking some of what was not committed with it. */
  readonly failover: number;
  /** From now on every command is late and every read refused, for up to `outageMaxMs`. */
  readonly outage: number;
  readonly outageMaxMs: number;
  readonly commitMaxMs: number;
}

/** What a mutant of the calls may do wrong. */
export interface Mutations {
  /** Reads see what is not committed yet (breaks A1 and A4). */
  readonly isReadingLocal?: boolean;
  /** Write errors are reported as if the write concern had been met. */
  readonly isHidingConcern?: boolean;
}

const latencyMaxMs = 3;
const duplicateCode = 11000;

export class ReplicaSet implements AppendCalls {
  /** Rows in the order in which they took effect; all before `committed` are safe for ever. */
  readonly #oplog: Entry[] = [];
  #committed = 0;
  #term = 0;
  #isHealed = false;
  #outageEndsAt = 0;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #mutations: Mutations;

  constructor(world: { clock: Clock; random: Random; faults: Faults; mutations?: Mutations }) {
    this.#clock = world.clock;
    this.#random = world.random;
    this.#faults = world.faults;
    this.#mutations = world.mutations ?? {};
  }

  /** Every committed row of the log, by seq. */
  committedOf(log: LogKey): Entry[] {
    return this.#oplog
      .slice(0, this.#committed)
      .filter((row) => row.log === log)
      .sort((a, b) => a.seq - b.seq);
  }

  /** No further faults; what is on its way still arrives. */
  heal(): void {
    this.#isHealed = true;
  }

  async insert(rows: readonly Entry[], isOrdered: boolean): Promise<WriteReport> {
    await this.#latency();
    if (this.#happens('lost')) throw new PortUnavailable('lost');
    if (this.#isOut() || this.#happens('late')) {
      const wait = this.#random.next() * this.#faults.lateMaxMs;
      this.#clock.after(wait, () => this.#apply(rows, isOrdered));
      throw new PortUnavailable('late');
    }
    const refused = this.#apply(rows, isOrdered);
    const [term, end] = [this.#term, this.#oplog.length];
    if (this.#happens('failover')) this.#failOver();
    if (this.#happens('concernUnmet')) {
      return { refused: [], isWriteConcernMet: this.#mutations.isHidingConcern ?? false };
    }
    const isAnswered = await this.#untilCommitted(term, end);
    if (!isAnswered) throw new PortUnavailable('answer lost');
    return { refused, isWriteConcernMet: true };
  }

  async newest(logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>> {
    const rows = await this.#read();
    const newest = new Map<LogKey, number>();
    for (const log of logs) newest.set(log, 0);
    for (const { log, seq } of rows) {
      const known = newest.get(log);
      if (known !== undefined && known < seq) newest.set(log, seq);
    }
    return newest;
  }

  async present(ids: readonly EntryId[]): Promise<readonly Entry[]> {
    const rows = await this.#read();
    return rows.filter((row) => ids.includes(row.id));
  }

  /** A part of what is not committed is gone with the primary; the next one commits the rest. */
  #failOver(): void {
    const uncommitted = this.#oplog.length - this.#committed;
    this.#oplog.length = this.#committed + Math.floor(this.#random.next() * (uncommitted + 1));
    this.#term += 1;
    this.#commitLater();
  }

  #apply(rows: readonly Entry[], isOrdered: boolean): RefusedRow[] {
    const refused: RefusedRow[] = [];
    for (const [index, row] of rows.entries()) {
      const isTaken = this.#oplog.some(
        (other) => other.id === row.id || (other.log === row.log && other.seq === row.seq),
      );
      if (isTaken) refused.push({ index, code: duplicateCode });
      else this.#oplog.push(row);
      if (isTaken && isOrdered) break;
    }
    this.#commitLater();
    return refused;
  }

  /** False when the term ended first, or the answer does not arrive. */
  async #untilCommitted(term: number, end: number): Promise<boolean> {
    while (this.#committed < end && this.#term === term) await this.#latency();
    return this.#term === term && !this.#happens('answerLost');
  }

  #commitLater(): void {
    const [term, end] = [this.#term, this.#oplog.length];
    this.#clock.after(this.#random.next() * this.#faults.commitMaxMs, () => {
      if (this.#term === term) this.#committed = Math.max(this.#committed, end);
    });
  }

  #visible(): readonly Entry[] {
    return this.#mutations.isReadingLocal ? this.#oplog : this.#oplog.slice(0, this.#committed);
  }

  async #read(): Promise<readonly Entry[]> {
    await this.#latency();
    if (this.#isOut() || this.#happens('readRefused')) throw new PortUnavailable('read refused');
    const seen = this.#visible();
    await this.#latency();
    return seen;
  }

  #isOut(): boolean {
    const now = this.#clock.monotonic();
    if (this.#happens('outage')) this.#outageEndsAt = now + this.#random.next() * this.#faults.outageMaxMs;
    return now < this.#outageEndsAt;
  }

  #latency(): Promise<void> {
    return sleep(this.#clock, this.#random.next() * latencyMaxMs);
  }

  #happens(fault: keyof Faults): boolean {
    return !this.#isHealed && this.#random.next() < this.#faults[fault];
  }
}
