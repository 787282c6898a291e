// What the store holds after a run, asked of MongoDB itself: are the logs dense, is every promise there once.
// Must never go through our own adapter: it would be judged by itself.
import { MongoClient } from 'mongodb';
import type { Ledger } from '../fleet/ledger.ts';

export interface StoreVerdict {
  readonly entries: number;
  /** Seqs that are not there below the head of their log. */
  readonly holes: number;
  /** I1: answered with 202 and not in the log of an addressee. */
  readonly lost: number;
  /** I10: one POST, twice in a log. */
  readonly doubles: number;
}

export interface EntryFacts {
  readonly _id: string;
  readonly log: string;
  readonly seq: number;
  readonly data?: string | null;
}

export interface JudgeOptions {
  /** What is left of a log may begin later than at 1. */
  readonly isPurged?: boolean;
  /** Promises that were lost on purpose, by their numbers. */
  readonly isLost?: (number: number) => boolean;
}

export const database = 'carillon';
const readTimeoutMs = 10_000;

/** `prefix` begins the names of users and topics of one run; `all` is looked at as well. */
export async function dumpStore(
  url: string,
  prefix: string,
  { ledger, ...options }: JudgeOptions & { readonly ledger: Ledger },
): Promise<StoreVerdict> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: readTimeoutMs });
  const judge = new StoreJudge(ledger, options);
  try {
    const rows = client
      .db(database)
      .collection<EntryFacts>('entries')
      .find({ log: { $regex: `/((user|topic):${prefix}|all$)` } }, { readConcern: 'majority' })
      .sort({ log: 1, seq: -1 })
      .project<EntryFacts>({ log: 1, seq: 1, data: 1 });
    for await (const row of rows) judge.take(row);
    return judge.verdict();
  } finally {
    await client.close();
  }
}

export function judgeStore(
  rows: readonly EntryFacts[],
  ledger: Ledger,
  options: JudgeOptions = {},
): StoreVerdict {
  const judge = new StoreJudge(ledger, options);
  for (const [, entries] of Map.groupBy(rows, ({ log }) => log)) for (const row of entries) judge.take(row);
  return judge.verdict();
}

/** Takes the rows of one log after the other. */
class StoreJudge {
  private readonly ledger: Ledger;
  private readonly options: JudgeOptions;
  private readonly filled: Uint8Array;
  private readonly ofMany = new Set<number>();
  private entries = 0;
  private holes = 0;
  private doubles = 0;
  private log = '';
  private seqs = new Set<number>();
  private contents = new Set<string>();

  constructor(ledger: Ledger, options: JudgeOptions) {
    this.ledger = ledger;
    this.options = options;
    this.filled = new Uint8Array(ledger.slots);
  }

  take(row: EntryFacts): void {
    if (row.log !== this.log) this.endLog();
    this.log = row.log;
    this.entries++;
    const content = contentOf(row);
    if (this.seqs.has(row.seq) || this.contents.has(content)) this.doubles++;
    this.seqs.add(row.seq);
    this.contents.add(content);
    this.fill(row);
  }

  verdict(): StoreVerdict {
    this.endLog();
    const { entries, holes, doubles } = this;
    return { entries, holes, lost: this.lost(), doubles };
  }

  private endLog(): void {
    let [min, max] = [Number.POSITIVE_INFINITY, 0];
    for (const seq of this.seqs) [min, max] = [Math.min(min, seq), Math.max(max, seq)];
    const expected = this.options.isPurged ? max - min + 1 : max;
    if (this.seqs.size > 0) this.holes += expected - this.seqs.size;
    this.seqs = new Set();
    this.contents = new Set();
  }

  private fill({ _id, log }: EntryFacts): void {
    const number = this.ledger.numberOf(messageOf(_id));
    if (number === undefined) return;
    const name = log.slice(log.indexOf('/') + 1);
    if (this.ledger.isTo(number, name)) this.ofMany.add(number);
    const slot = name.startsWith('user:')
      ? this.ledger.slotOf(number, name.slice('user:'.length))
      : undefined;
    if (slot !== undefined) this.filled[slot] = 1;
  }

  private lost(): number {
    const { ledger, options } = this;
    let lost = 0;
    for (let number = 0; number < ledger.size; number++) {
      if (options.isLost?.(number)) continue;
      const { users, firstSlot } = ledger.addresseesOf(number);
      lost += users.filter((_, at) => this.filled[firstSlot + at] === 0).length;
      if (users.length === 0 && !this.ofMany.has(number)) lost++;
    }
    return lost;
  }
}

/** An entry's id is that of its message, with `@log` behind it for all addressees but the first. */
function messageOf(id: string): string {
  return id.split('@')[0] ?? id;
}

/** The poster numbers what it posts in a run; what is not its own, or is emptied, is known by its id. */
function contentOf({ _id, data }: EntryFacts): string {
  try {
    const { n, run = '' } = JSON.parse(data ?? '{}') as { n?: number; run?: string };
    return n === undefined ? _id : `${run}#${n}`;
  } catch {
    return _id; // broken on purpose
  }
}
