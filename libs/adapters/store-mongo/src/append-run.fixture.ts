/**
 * One run of several appenders on the model: what they were told, and what is wrong with the log at the end.
 * A run is its seed; the same seed gives the same run.
 */
import { type Draft, type Entry, type LogKey, userKey, userLog } from '@carillon/domain';
import type { Appended, Random } from '@carillon/domain/ports';
import { FakeClock, SeededRandom } from '@carillon/testkit';
import { Appender } from './append.js';
import { type Faults, type Mutations, ReplicaSet } from './replica-set.fixture.js';

export interface RunResult {
  readonly confirmed: number;
  readonly unconfirmed: number;
  readonly present: number;
  /** Sentences; empty when all is well. */
  readonly faults: readonly string[];
}

const writers = 4;
const callsPerWriter = 10;
const draftsPerCallMax = 5;
const sendsMax = 3;
const logs: readonly LogKey[] = ['a', 'b', 'c'].map((name) => userLog(userKey('t', name)));

/** Runs until every writer has done its calls and everything late has arrived. */
export async function runAppends(
  seed: number,
  faults: Faults,
  mutations: Mutations = {},
): Promise<RunResult> {
  const clock = new FakeClock();
  const random = new SeededRandom(seed);
  const model = new ReplicaSet({ clock, random, faults, mutations });
  const history = new History(model);
  const ends = Array.from({ length: writers }, (_, writer) => {
    const options = { calls: model, clock, random, deadlineMs: 5_000, baseCacheMs: 10_000 };
    return write(new Appender(options), callsOf(writer, random), history);
  });
  let isRunning = true;
  const all = Promise.all(ends).finally(() => {
    isRunning = false;
  });
  while (isRunning) {
    await clock.advance(20);
    history.look();
  }
  await all;
  model.heal();
  await clock.advance(2 * faults.lateMaxMs + 1_000);
  history.look();
  return history.result();
}

/** Lists of drafts; every third list is also sent by the next writer, as a retry elsewhere would be. */
function callsOf(writer: number, random: Random): Draft[][] {
  return Array.from({ length: callsPerWriter }, (_, call) => {
    const isShared = call % 3 === 0;
    const owner = isShared ? writer - (writer % 2) : writer;
    const count = isShared ? 3 : 1 + Math.floor(random.next() * draftsPerCallMax);
    return Array.from({ length: count }, (__, at) => ({
      id: `w${owner}c${call}d${at}`,
      log: logs[isShared ? at % 2 : Math.floor(random.next() * logs.length)]!,
      acceptedAt: writer,
      expiresAt: 1,
      event: 'e',
    }));
  });
}

async function write(appender: Appender, calls: readonly Draft[][], history: History): Promise<void> {
  for (const drafts of calls) {
    history.sent(drafts);
    for (let send = 0; send < sendsMax; send++) {
      const outcomes = await appender.append(drafts);
      history.told(drafts, outcomes);
      if (outcomes.every((each) => each.outcome !== 'unconfirmed')) break;
    }
  }
}

class History {
  readonly #model: ReplicaSet;
  readonly #calls: (readonly Draft[])[] = [];
  readonly #places = new Map<string, string>();
  readonly #faults: string[] = [];
  readonly #seen = new Map<LogKey, readonly Entry[]>();
  #unconfirmed = 0;
  #present = 0;

  constructor(model: ReplicaSet) {
    this.#model = model;
  }

  sent(drafts: readonly Draft[]): void {
    this.#calls.push(drafts);
  }

  told(drafts: readonly Draft[], outcomes: readonly Appended[]): void {
    if (outcomes.length !== drafts.length) this.#faults.push('not one outcome per draft');
    for (const [at, told] of outcomes.entries()) {
      if (told.outcome === 'unconfirmed') {
        this.#unconfirmed += 1;
        continue;
      }
      if (told.outcome === 'present') this.#present += 1;
      const { id, log, seq } = told.entry;
      const place = `${log} ${seq}`;
      if (id !== drafts[at]?.id) this.#faults.push(`told of ${id} for ${drafts[at]?.id}`);
      if ((this.#places.get(id) ?? place) !== place) this.#faults.push(`${id} moved`);
      this.#places.set(id, place);
    }
  }

  /** What a reader sees now: dense, and what it saw before. */
  look(): void {
    for (const log of logs) {
      const entries = this.#model.committedOf(log);
      const before = this.#seen.get(log) ?? [];
      if (entries.some((entry, at) => entry.seq !== at + 1)) this.#faults.push(`hole in ${log}`);
      if (before.some((entry, at) => entries[at]?.id !== entry.id)) this.#faults.push(`${log} changed`);
      this.#seen.set(log, entries);
    }
  }

  result(): RunResult {
    const seqs = new Map<string, number>();
    for (const entry of logs.flatMap((log) => this.#model.committedOf(log))) {
      seqs.set(entry.id, entry.seq);
      const told = this.#places.get(entry.id);
      if (told !== undefined && told !== `${entry.log} ${entry.seq}`) this.#faults.push(`${entry.id} moved`);
    }
    for (const id of this.#places.keys()) if (!seqs.has(id)) this.#faults.push(`${id} is missing`);
    for (const drafts of this.#calls) this.#checkOrder(drafts, seqs);
    return {
      confirmed: this.#places.size,
      unconfirmed: this.#unconfirmed,
      present: this.#present,
      faults: [...new Set(this.#faults)],
    };
  }

  #checkOrder(drafts: readonly Draft[], seqs: ReadonlyMap<string, number>): void {
    for (const log of logs) {
      const placed = drafts.filter((draft) => draft.log === log).flatMap((draft) => seqs.get(draft.id) ?? []);
      if (placed.some((seq, at) => at > 0 && seq <= placed[at - 1]!)) {
        this.#faults.push(`${drafts[0]?.id} and what follows it are out of order in ${log}`);
      }
    }
  }
}
