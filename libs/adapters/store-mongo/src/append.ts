/**
 * The append: gives drafts the next places of their logs, dense and without holes, over a few calls of a
 * store with a unique index on (log, seq) and one on the id. Knows no driver, so that a simulation can run it
 * on a model. Must never send a seq whose predecessor is neither committed nor part of the same ordered
 * command, and never confirm on a guess.
 * Source: docs/reference/delivery.md, section 4.
 */

import { type Draft, type Entry, type EntryId, fullJitterMs, type LogKey } from '@carillon/domain';
import { type Appended, type Clock, PortUnavailable, type Random, sleep } from '@carillon/domain/ports';
import { Bases } from './bases.js';
import type { WriteReport } from './write-report.js';

/**
 * What the append needs of a store.
 * All reads see only what is committed, and everything confirmed before the call.
 */
export interface AppendCalls {
  /**
   * ONE command that waits for a durable majority.
   * Ordered: the rows after the first refused one are not tried.
   * @throws PortUnavailable when the outcome is unknown; the command may even be carried out later.
   */
  insert(rows: readonly Entry[], isOrdered: boolean): Promise<WriteReport>;
  /** The newest committed seq of each log, 0 where there is none. @throws PortUnavailable */
  newest(logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>>;
  /** The committed entries with these ids, in no order. @throws PortUnavailable */
  present(ids: readonly EntryId[]): Promise<readonly Entry[]>;
}

export interface AppenderOptions {
  readonly calls: AppendCalls;
  readonly clock: Clock;
  readonly random: Random;
  readonly deadlineMs: number;
  /** How long a base is built upon without asking the store. */
  readonly baseCacheMs: number;
}

/**
 * The unique index refused the row: the place is taken, or the id is. Any other code says nothing certain.
 */
const duplicateCode = 11000;
const backOff = { minMs: 1, maxMs: 100 };
/** One command never carries more, so that no driver has to split it. */
const rowsPerInsertMax = 500;
const charactersPerInsertMax = 4_194_304;

export class Appender {
  readonly #calls: AppendCalls;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #deadlineMs: number;
  readonly #bases: Bases;

  constructor(options: AppenderOptions) {
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#deadlineMs = options.deadlineMs;
    this.#bases = new Bases(options.clock, options.baseCacheMs);
  }

  /**
   * As promised by `MessageLog.append`. A draft that turns out to be there after a doubt is `present`, even
   * if it is ours.
   */
  async append(drafts: readonly Draft[]): Promise<Appended[]> {
    const task = new Task(drafts);
    await this.#untilDeadline(task, this.#work(task));
    return task.outcomes();
  }

  async #work(task: Task): Promise<void> {
    await this.#warm(task);
    await Promise.all(task.lots.map((lot) => this.#settle(lot)));
  }

  #untilDeadline(task: Task, work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        timer.cancel();
        task.isOver = true;
        settle();
      };
      const timer = this.#clock.after(this.#deadlineMs, () => end(resolve));
      work.then(
        () => end(resolve),
        (error: Error) => end(() => reject(error)),
      );
    });
  }

  /** One question for all logs of the call, rather than one per lot. */
  async #warm(task: Task): Promise<void> {
    const unknown = task.logs.filter((log) => this.#bases.fresh(log) === undefined);
    if (unknown.length === 0) return;
    try {
      this.#raise(await this.#calls.newest(unknown));
    } catch (error) {
      // Each lot asks again for itself, with back-off, until the deadline.
      if (!(error instanceof PortUnavailable)) throw error;
    }
  }

  async #settle(lot: Lot): Promise<void> {
    let losses = 0;
    while (lot.isOpen) {
      const waitingBefore = lot.waiting.length;
      try {
        await this.#look(lot);
        if (lot.isOpen) await this.#place(lot);
      } catch (error) {
        if (!(error instanceof PortUnavailable)) throw error;
        lot.isDoubtful = true;
      }
      if (lot.waiting.length < waitingBefore) losses = 0;
      if (lot.isOpen && lot.isDoubtful) {
        await sleep(this.#clock, fullJitterMs(this.#random, losses, backOff));
        losses += 1;
      }
    }
  }

  /**
   * Learns the bases that are missing and, after any doubt,
   * which of our rows are there and where the logs end now.
   */
  async #look(lot: Lot): Promise<void> {
    if (!lot.isDoubtful) {
      const unknown = lot.logs().filter((log) => this.#bases.fresh(log) === undefined);
      if (unknown.length > 0) this.#raise(await this.#calls.newest(unknown));
      return;
    }
    const ids = lot.waiting.map((draft) => draft.id);
    const [newest, present] = await Promise.all([this.#calls.newest(lot.logs()), this.#calls.present(ids)]);
    this.#raise(newest);
    this.#settleAll(lot, 'present', present);
    lot.isDoubtful = false;
  }

  /** Sends what is waiting once, numbered from the bases, and settles what is confirmed. */
  async #place(lot: Lot): Promise<void> {
    const rows = this.#number(lot.portion());
    if (rows.length === 0) return;
    const reply = await this.#calls.insert(rows, lot.isRun);
    const confirmed = confirmedRows(rows, reply, lot.isRun);
    this.#settleAll(lot, 'appended', confirmed);
    lot.isDoubtful = confirmed.length < rows.length;
  }

  #settleAll(lot: Lot, outcome: 'appended' | 'present', entries: readonly Entry[]): void {
    for (const entry of entries) this.#bases.raise(entry.log, entry.seq);
    lot.settle(outcome, entries);
  }

  /** Rows for the drafts whose base is known. */
  #number(drafts: readonly Draft[]): Entry[] {
    const last = new Map<LogKey, number>();
    const rows: Entry[] = [];
    for (const draft of drafts) {
      const before = last.get(draft.log) ?? this.#bases.fresh(draft.log);
      if (before === undefined) continue;
      last.set(draft.log, before + 1);
      rows.push({ ...draft, seq: before + 1 });
    }
    return rows;
  }

  #raise(newest: ReadonlyMap<LogKey, number>): void {
    for (const [log, seq] of newest) this.#bases.raise(log, seq);
  }
}

/**
 * The rows that are durable for sure. In an ordered command nothing after the first refused row was tried; a
 * write concern that was not met makes the whole command unknown (the store leaves refused rows out then),
 * and so does any code but a duplicate's.
 */
export function confirmedRows(
  rows: readonly Entry[],
  reply: WriteReport,
  isOrdered: boolean,
): readonly Entry[] {
  if (!reply.isWriteConcernMet) return [];
  if (reply.refused.length === 0) return rows;
  if (reply.refused.some((row) => row.code !== duplicateCode)) return [];
  const refused = new Set(reply.refused.map((row) => row.index));
  if (isOrdered) return rows.slice(0, Math.min(...refused));
  return rows.filter((_, index) => !refused.has(index));
}

/** One call of `append`: its lots, and what became of each id. */
class Task {
  readonly lots: readonly Lot[];
  readonly logs: readonly LogKey[];
  readonly settled = new Map<EntryId, Appended>();
  isOver = false;
  readonly #drafts: readonly Draft[];

  constructor(drafts: readonly Draft[]) {
    this.#drafts = drafts;
    const ids = new Set<EntryId>();
    const byLog = new Map<LogKey, Draft[]>();
    for (const draft of drafts) {
      if (ids.has(draft.id)) continue;
      ids.add(draft.id);
      const sameLog = byLog.get(draft.log);
      if (sameLog) sameLog.push(draft);
      else byLog.set(draft.log, [draft]);
    }
    this.logs = [...byLog.keys()];
    const groups = [...byLog.values()];
    const singles = groups.filter((group) => group.length === 1).flat();
    const runs = groups.filter((group) => group.length > 1);
    this.lots = [
      ...(singles.length > 0 ? [new Lot(this, singles, false)] : []),
      ...runs.map((run) => new Lot(this, run, true)),
    ];
  }

  /** One per draft. The second draft with an id finds the first one's entry present. */
  outcomes(): Appended[] {
    const ids = new Set<EntryId>();
    return this.#drafts.map((draft) => {
      const settled = this.settled.get(draft.id) ?? { outcome: 'unconfirmed' };
      const isRepeated = ids.has(draft.id);
      ids.add(draft.id);
      return isRepeated && settled.outcome === 'appended' ? { ...settled, outcome: 'present' } : settled;
    });
  }
}

/**
 * Drafts that are inserted together: a run of one log, in order, or single ones of as many logs, in no order.
 */
class Lot {
  waiting: readonly Draft[];
  readonly isRun: boolean;
  /** Something was refused or is unknown: nothing may be sent before the store has been asked. */
  isDoubtful = false;
  readonly #task: Task;

  constructor(task: Task, drafts: readonly Draft[], isRun: boolean) {
    this.#task = task;
    this.waiting = drafts;
    this.isRun = isRun;
  }

  get isOpen(): boolean {
    return this.waiting.length > 0 && !this.#task.isOver;
  }

  logs(): LogKey[] {
    return [...new Set(this.waiting.map((draft) => draft.log))];
  }

  settle(outcome: 'appended' | 'present', entries: readonly Entry[]): void {
    if (entries.length === 0 || this.#task.isOver) return;
    const { settled } = this.#task;
    for (const entry of entries) settled.set(entry.id, { outcome, entry });
    this.waiting = this.waiting.filter((draft) => !settled.has(draft.id));
  }

  /** What fits into the next command, at least one draft. */
  portion(): readonly Draft[] {
    let characters = 0;
    const end = this.waiting.findIndex((draft, index) => {
      characters += charactersOf(draft);
      return index > 0 && (index >= rowsPerInsertMax || characters > charactersPerInsertMax);
    });
    return end < 0 ? this.waiting : this.waiting.slice(0, end);
  }
}

function charactersOf(draft: Draft): number {
  return (
    (draft.data?.length ?? 0) + (draft.notification?.length ?? 0) + (draft.origin?.metadata?.length ?? 0)
  );
}
