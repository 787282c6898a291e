/** Marks on entries. Must never read or write otherwise than a durable majority has it. */
import type { LogKey, Mark } from '@carillon/domain';
import { Marks } from '@carillon/domain/ports';
import type { mongo } from 'mongoose';
import type { Guard } from './guard.js';
import { markUpdate } from './marking.js';
import type { EntryRow } from './rows.js';

/** Entries per command at most. */
const marksPerCommand = 1_000;

export class MongoMarks extends Marks {
  readonly #entries: mongo.Collection<EntryRow>;
  readonly #guard: Guard;

  constructor(entries: mongo.Collection<EntryRow>, guard: Guard) {
    super();
    this.#entries = entries;
    this.#guard = guard;
  }

  override async mark(log: LogKey, seqs: readonly number[], mark: Mark): Promise<void> {
    for (let from = 0; from < seqs.length; from += marksPerCommand) {
      const chunk = seqs.slice(from, from + marksPerCommand);
      await this.#guard.call(() =>
        this.#entries.updateMany({ log, seq: { $in: [...chunk] } }, markUpdate(mark)),
      );
    }
  }

  override async supersede(log: LogKey, collapseKey: string, seq: number): Promise<readonly number[]> {
    const marked: number[] = [];
    for (let after = 0; ; ) {
      const found = await this.#guard.call(() =>
        this.#entries
          .find(unmarkedOf(log, collapseKey, { after, below: seq }), { batchSize: marksPerCommand })
          .sort({ seq: 1 })
          .limit(marksPerCommand)
          .project<Pick<EntryRow, 'seq'>>({ _id: 0, seq: 1 })
          .toArray(),
      );
      const last = found.at(-1);
      if (!last) return marked;
      marked.push(
        ...(await this.#markUnmarked(
          log,
          found.map((row) => row.seq),
        )),
      );
      after = last.seq;
    }
  }

  /** The seqs that are superseded now; of callers that race for one, each may be told of it. */
  async #markUnmarked(log: LogKey, seqs: readonly number[]): Promise<readonly number[]> {
    const those = { log, seq: { $in: [...seqs] } };
    const { modifiedCount } = await this.#guard.call(() =>
      this.#entries.updateMany({ ...those, mark: null as never }, { $set: { mark: 'superseded' } }),
    );
    if (modifiedCount === seqs.length) return seqs;
    const rows = await this.#guard.call(() =>
      this.#entries
        .find({ ...those, mark: 'superseded' })
        .sort({ seq: 1 })
        .project<Pick<EntryRow, 'seq'>>({ _id: 0, seq: 1 })
        .toArray(),
    );
    return rows.map((row) => row.seq);
  }
}

/** What one index finds without looking at a marked entry; its plan is held by a test. */
export function unmarkedOf(
  log: LogKey,
  collapseKey: string,
  seqs: { readonly after: number; readonly below: number },
): mongo.Filter<EntryRow> {
  return { log, collapseKey, seq: { $gt: seqs.after, $lt: seqs.below }, mark: null as never };
}
