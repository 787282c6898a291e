/**
 * What the handler of the user's page was given, in the order in which it came, kept for this tab so
 * that a reload shows it again. Must hide nothing: what came twice is here twice.
 */
import { load, save } from './tab-storage.js';

export interface Shown {
  readonly log: string;
  /** Absent: it was for whoever was there, and has no place in a log. */
  readonly seq?: number;
  readonly id: string;
  readonly event: string;
  readonly title: string;
  readonly body: string;
  readonly sentAt: number;
  readonly shownAt: number;
  readonly isReplay: boolean;
}

/** What a person may check the promise by. */
export interface Tally {
  readonly received: number;
  /** How many came after one with the same or a higher number of their log. */
  readonly outOfOrder: number;
  readonly twice: number;
  readonly first: number;
  readonly last: number;
}

/** Older ones are forgotten. */
export const shownMax = 500;

export class Inbox {
  readonly all: readonly Shown[];
  private readonly shown: Shown[];
  private readonly storageKey: string;

  constructor(user: string) {
    this.storageKey = `demo.inbox.${user}`;
    this.shown = load<Shown[]>(this.storageKey, []);
    this.all = this.shown;
  }

  /** Saved when it returns, so that it is never settled without having been kept. */
  add(message: Shown): void {
    this.shown.push(message);
    if (this.shown.length > shownMax) this.shown.shift();
    save(this.storageKey, this.shown);
  }

  get tally(): Tally {
    const newest = new Map<string, number>();
    let outOfOrder = 0;
    for (const { log, seq } of this.shown) {
      if (seq === undefined) continue;
      const before = newest.get(log) ?? 0;
      if (seq <= before) outOfOrder += 1;
      newest.set(log, Math.max(seq, before));
    }
    const received = this.shown.length;
    const twice = received - new Set(this.shown.map(({ id }) => id)).size;
    const seqs = this.shown.flatMap(({ log, seq }) => (log === 'user' && seq !== undefined ? [seq] : []));
    const [first, last] = seqs.length === 0 ? [0, 0] : [Math.min(...seqs), Math.max(...seqs)];
    return { received, outOfOrder, twice, first, last };
  }
}
