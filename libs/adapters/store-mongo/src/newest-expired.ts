/**
 * Up to where a log holds nothing that is still to be shown. What is past stays past, so a process looks at
 * each entry once: it goes on from where its last look at the log ended. Must never be told of a `now` that
 * has not come.
 */
import type { LogKey } from '@carillon/domain';
import type { mongo } from 'mongoose';
import type { Guard } from './guard.js';
import { newestOf } from './newest.js';
import type { EntryRow } from './rows.js';

/** Logs whose last answer is remembered; the one asked longest ago makes room. */
const rememberedMax = 10_000;
/** Questions at a time. */
const lanesMax = 20;

interface Answer {
  readonly seq: number;
  readonly now: number;
}

export class NewestExpired {
  readonly #entries: mongo.Collection<EntryRow>;
  readonly #guard: Guard;
  readonly #answers = new Map<LogKey, Answer>();

  constructor(entries: mongo.Collection<EntryRow>, guard: Guard) {
    this.#entries = entries;
    this.#guard = guard;
  }

  /** As `LogKeeping.newestExpired`. */
  async of(logs: readonly LogKey[], now: number): Promise<ReadonlyMap<LogKey, number>> {
    // Before the looks: an entry that is appended between them is above what is told.
    const heads = await newestOf(this.#entries, this.#guard, logs);
    const newest = new Map<LogKey, number>();
    const open = [...heads];
    const lane = async () => {
      for (let next = open.pop(); next; next = open.pop()) {
        const [log, head] = next;
        newest.set(log, head === 0 ? 0 : await this.#upTo(log, head, now));
      }
    };
    await Promise.all(Array.from({ length: lanesMax }, lane));
    return newest;
  }

  async #upTo(log: LogKey, head: number, now: number): Promise<number> {
    const known = this.#answers.get(log);
    const after = known && known.now <= now ? known.seq : 0;
    const live = await this.#guard.call(() =>
      this.#entries.findOne(liveAfter(log, after, now), { sort: { seq: 1 }, projection: { _id: 0, seq: 1 } }),
    );
    const seq = live ? live.seq - 1 : Math.max(head, after);
    this.#remember(log, { seq, now });
    return seq;
  }

  #remember(log: LogKey, answer: Answer): void {
    this.#answers.delete(log);
    this.#answers.set(log, answer);
    if (this.#answers.size > rememberedMax) this.#answers.delete(this.#answers.keys().next().value as LogKey);
  }
}

/** Walks the index on places from `after` to the first live entry; its plan is held by a test. */
export function liveAfter(log: LogKey, after: number, now: number): mongo.Filter<EntryRow> {
  return { log, seq: { $gt: after }, expiresAt: { $gt: now }, mark: null as never };
}
