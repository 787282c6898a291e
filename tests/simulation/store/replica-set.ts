/**
 * A replica set in memory: a write takes effect on the primary, is committed later, and may be rolled back
 * with a suffix of the oplog when the primary fails before. Commands may be late, their answers lost, their
 * write concern unmet.
 */
import type { Entry } from '@carillon/domain';
import { PortUnavailable, type Random } from '@carillon/domain/ports';
import type { StoreWeather } from '../world/weather.js';
import type { World } from '../world/world.js';
import { type Operation, View } from './view.js';

export interface RefusedRow {
  readonly index: number;
  readonly code: number;
}

export interface InsertReply {
  readonly refused: readonly RefusedRow[];
  readonly isWriteConcernMet: boolean;
}

export type ReadConcern = 'majority' | 'local';

interface Waiting {
  readonly end: number;
  readonly settle: (isCommitted: boolean) => void;
}

const duplicateCode = 11000;
const latencyMaxMs = 3;
const writeTimeoutMs = 3_000;

export class ReplicaSet {
  /** Told of every operation when it is committed: from then on it is for ever. */
  onCommit: (operation: Operation) => void = () => {};
  local = new View();
  committed = new View();
  #oplog: Operation[] = [];
  #committedUntil = 0;
  #term = 0;
  /** Of the data: commands that are late find another one after a restore, and do nothing. */
  #generation = 0;
  #downUntil = 0;
  #waiting: Waiting[] = [];
  readonly #world: World;
  readonly #random: Random;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.chance('store');
  }

  /** Was there, and committed, before the run began. */
  preload(operation: Operation): void {
    this.local.apply(operation);
    this.committed.apply(operation);
  }

  /** What is committed now, to be restored later. */
  backup(): View {
    return this.committed.clone();
  }

  /** Everything is as it was in the backup; what was under way is gone. Only while no service runs. */
  restore(backup: View): void {
    this.#generation += 1;
    this.#term += 1;
    this.#oplog = [];
    this.#committedUntil = 0;
    for (const each of this.#waiting.splice(0)) each.settle(false);
    this.committed = backup.clone();
    this.local = backup.clone();
  }

  /** No primary for so long: commands and reads are refused. */
  goDown(ms: number): void {
    this.#downUntil = Math.max(this.#downUntil, this.#world.time + ms);
  }

  /** The primary is gone with a suffix of what was not committed; the next one commits the rest. */
  failOver(): void {
    const uncommitted = this.#oplog.length - this.#committedUntil;
    const kept = this.#committedUntil + Math.floor(this.#random.next() * (uncommitted + 1));
    this.#world.history.note('failover', `${this.#oplog.length - kept} of ${uncommitted} rolled back`);
    this.#oplog.length = kept;
    this.#term += 1;
    this.local = this.committed.clone();
    for (const operation of this.#oplog.slice(this.#committedUntil)) this.local.apply(operation);
    for (const each of this.#waiting.splice(0)) each.settle(false);
    this.#commitLater();
  }

  async insert(rows: readonly Entry[], isOrdered: boolean): Promise<InsertReply> {
    await this.#arrive(() => this.#insertRows(rows, isOrdered));
    const refused = this.#insertRows(rows, isOrdered);
    const isMet = await this.#untilMajority();
    return isMet ? { refused, isWriteConcernMet: true } : { refused: [], isWriteConcernMet: false };
  }

  /** Carries out operations in one command, to be lost with the primary. */
  async write(operations: readonly Operation[]): Promise<void> {
    const apply = () => this.#applyAll(operations);
    await this.#arrive(apply);
    apply();
    this.#maybeFail();
  }

  /**
   * One command that the primary plans on what it has when the command arrives there. Resolves with what it
   * did, when that is committed.
   */
  async update(plan: (view: View) => readonly Operation[]): Promise<readonly Operation[]> {
    const carryOut = () => {
      const operations = plan(this.local);
      this.#applyAll(operations);
      return operations;
    };
    await this.#arrive(carryOut);
    const operations = carryOut();
    const isMet = await this.#untilMajority();
    if (!isMet) throw new PortUnavailable('write concern not met');
    return operations;
  }

  async read<T>(concern: ReadConcern, question: (view: View) => T): Promise<T> {
    await this.#latency();
    if (this.#isDown || this.#happens('readRefused')) throw new PortUnavailable('read refused');
    const answer = question(concern === 'majority' ? this.committed : this.local);
    await this.#latency();
    return answer;
  }

  /** Resolves when the command reaches the primary; one that is late is carried out by itself. */
  async #arrive(carryOut: () => void): Promise<void> {
    const generation = this.#generation;
    await this.#latency();
    if (this.#happens('lost') || this.#generation !== generation) throw new PortUnavailable('lost');
    if (this.#isDown || this.#happens('late')) {
      const { lateMaxMs } = this.#world.weather.store;
      const late = () => {
        if (this.#generation === generation) carryOut();
      };
      if (lateMaxMs > 0) this.#world.after(this.#random.next() * lateMaxMs, late);
      throw new PortUnavailable('late');
    }
  }

  /** False: the write concern was not met in time. @throws PortUnavailable when the outcome is unknown */
  async #untilMajority(): Promise<boolean> {
    const [term, end] = [this.#term, this.#oplog.length];
    this.#maybeFail();
    if (this.#term !== term) throw new PortUnavailable('the primary failed');
    if (this.#happens('concernUnmet')) return false;
    if (end > this.#committedUntil) {
      const verdict = await this.#untilCommitted(end);
      if (verdict === 'timed out') return false;
      if (verdict === 'unknown') throw new PortUnavailable('the primary failed');
    }
    if (this.#happens('answerLost')) throw new PortUnavailable('answer lost');
    await this.#latency();
    return true;
  }

  #untilCommitted(end: number): Promise<'committed' | 'unknown' | 'timed out'> {
    const term = this.#term;
    return new Promise((resolve) => {
      const timer = this.#world.after(writeTimeoutMs, () => resolve('timed out'));
      this.#waiting.push({
        end,
        settle: (isCommitted) => {
          timer.cancel();
          resolve(isCommitted && this.#term === term ? 'committed' : 'unknown');
        },
      });
    });
  }

  #insertRows(rows: readonly Entry[], isOrdered: boolean): RefusedRow[] {
    const refused: RefusedRow[] = [];
    const taken: Operation[] = [];
    for (const [index, row] of rows.entries()) {
      if (this.local.refuses(row)) {
        refused.push({ index, code: duplicateCode });
        if (isOrdered) break;
      } else {
        const operation = { kind: 'insert', row } as const;
        this.local.apply(operation);
        taken.push(operation);
      }
    }
    this.#oplog.push(...taken);
    this.#commitLater();
    return refused;
  }

  #applyAll(operations: readonly Operation[]): void {
    for (const operation of operations) this.local.apply(operation);
    this.#oplog.push(...operations);
    this.#commitLater();
  }

  #commitLater(): void {
    const [term, end] = [this.#term, this.#oplog.length];
    if (end === this.#committedUntil) return;
    this.#world.after(this.#random.next() * this.#world.weather.store.commitMaxMs, () => {
      if (this.#term === term) this.#commit(end);
    });
  }

  #commit(end: number): void {
    for (; this.#committedUntil < end; this.#committedUntil += 1) {
      const operation = this.#oplog[this.#committedUntil] as Operation;
      this.committed.apply(operation);
      this.onCommit(operation);
    }
    const settled = this.#waiting.filter((each) => each.end <= this.#committedUntil);
    this.#waiting = this.#waiting.filter((each) => each.end > this.#committedUntil);
    for (const each of settled) each.settle(true);
  }

  #maybeFail(): void {
    if (this.#happens('failover')) this.failOver();
  }

  get #isDown(): boolean {
    return this.#world.time < this.#downUntil;
  }

  #latency(): Promise<void> {
    const ms = 0.2 + this.#random.next() * latencyMaxMs;
    return new Promise((resolve) => {
      this.#world.after(ms, resolve);
    });
  }

  #happens(fault: keyof StoreWeather): boolean {
    const probability = this.#world.weather.store[fault];
    return probability > 0 && this.#random.next() < probability;
  }
}
