// The append's places under any interleaving: other writers, refusals and unknown outcomes at any call.
import type { Draft, Entry, EntryId, LogKey } from '@carillon/domain';
import { type Appended, PortUnavailable, sleep } from '@carillon/domain/ports';
import { type AppendCalls, Appender, type WriteReport } from '@carillon/store-mongo';
import { draft, FakeClock, inbox, SeededRandom } from '@carillon/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { confirmedRows } from '../../libs/adapters/store-mongo/src/append.js';

const logs: readonly LogKey[] = ['a', 'b', 'c'].map((name) => inbox(name));
const duplicateCode = 11000;
const deadlineMs = 5_000;
/** When everything late has arrived. */
const lateMaxMs = 8_000;

/** What happens at one call of the store, and right before it. */
const anyTurn = fc.record({
  latencyMs: fc.oneof(fc.nat(3), fc.constantFrom(0, 50, 6_000)),
  /** Logs to which somebody else appends before the command takes effect. */
  foreign: fc.array(fc.nat(logs.length - 1), { maxLength: 3 }),
  fate: fc.oneof(
    { weight: 5, arbitrary: fc.constant('done' as const) },
    { weight: 1, arbitrary: fc.constantFrom('lost', 'answer lost', 'late', 'concern unmet', 'disturbed') },
  ),
  lateMs: fc.nat(lateMaxMs),
});
type Turn = typeof anyTurn extends fc.Arbitrary<infer T> ? T : never;

const calm: Turn = { latencyMs: 1, foreign: [], fate: 'done', lateMs: 0 };

/** A store whose commands are atomic; the script says what becomes of each, then all is well. */
class ScriptedStore implements AppendCalls {
  readonly rows: Entry[] = [];
  private at = 0;
  private strangers = 0;

  constructor(
    private readonly clock: FakeClock,
    private readonly script: readonly Turn[],
  ) {}

  of(log: LogKey): Entry[] {
    return this.rows.filter((row) => row.log === log).sort((one, other) => one.seq - other.seq);
  }

  async insert(rows: readonly Entry[], isOrdered: boolean): Promise<WriteReport> {
    const { latencyMs, foreign, fate, lateMs } = this.next();
    await sleep(this.clock, latencyMs);
    for (const log of foreign) this.append(logs[log] as LogKey);
    if (fate === 'late') this.clock.after(lateMs, () => this.apply(rows, isOrdered));
    if (fate === 'lost' || fate === 'late') throw new PortUnavailable(fate);
    const refused = this.apply(rows, isOrdered);
    if (fate === 'answer lost') throw new PortUnavailable(fate);
    if (fate === 'concern unmet') return { refused: [], isWriteConcernMet: false };
    // A code that says nothing certain, of a row that may be there all the same.
    if (fate === 'disturbed') return { refused: [{ index: 0, code: 91 }], isWriteConcernMet: true };
    return { refused, isWriteConcernMet: true };
  }

  newest(asked: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>> {
    return this.read(() => new Map(asked.map((log) => [log, this.of(log).length])));
  }

  present(ids: readonly EntryId[]): Promise<readonly Entry[]> {
    return this.read(() => this.rows.filter(({ id }) => ids.includes(id)));
  }

  /** What is seen may be old when it arrives. */
  private async read<T>(look: () => T): Promise<T> {
    const { latencyMs, foreign, fate } = this.next();
    if (fate !== 'done') {
      await sleep(this.clock, latencyMs);
      throw new PortUnavailable(fate);
    }
    const seen = look();
    for (const log of foreign) this.append(logs[log] as LogKey);
    await sleep(this.clock, latencyMs);
    return seen;
  }

  private apply(rows: readonly Entry[], isOrdered: boolean) {
    const refused: { index: number; code: number }[] = [];
    for (const [index, row] of rows.entries()) {
      const isTaken = this.rows.some(
        ({ id, log, seq }) => id === row.id || (log === row.log && seq === row.seq),
      );
      if (isTaken) refused.push({ index, code: duplicateCode });
      else this.rows.push(row);
      if (isTaken && isOrdered) break;
    }
    return refused;
  }

  private append(log: LogKey): void {
    this.rows.push({ ...draft({ id: `other${this.strangers++}`, log }), seq: this.of(log).length + 1 });
  }

  private next(): Turn {
    return this.script[this.at++] ?? calm;
  }
}

/** Calls of one writer: to which logs each of its drafts goes. */
const anyCalls = fc.array(fc.array(fc.nat(logs.length - 1), { minLength: 1, maxLength: 5 }), {
  maxLength: 4,
});
const anyStory = fc.record({
  script: fc.array(anyTurn, { maxLength: 24 }),
  /** The first list of the second writer is a retry of the first one's. */
  isShared: fc.boolean(),
  writers: fc.tuple(anyCalls, anyCalls),
  seed: fc.nat(),
});
type Story = typeof anyStory extends fc.Arbitrary<infer T> ? T : never;

interface Told {
  readonly drafts: readonly Draft[];
  readonly outcomes: readonly Appended[];
}

const sendsMax = 3;

async function write(appender: Appender, calls: readonly (readonly Draft[])[], told: Told[]): Promise<void> {
  for (const drafts of calls) {
    for (let send = 0; send < sendsMax; send += 1) {
      const outcomes = await appender.append(drafts);
      told.push({ drafts, outcomes });
      if (outcomes.every(({ outcome }) => outcome !== 'unconfirmed')) break;
    }
  }
}

function draftsOf({ writers, isShared }: Story): (readonly Draft[])[][] {
  const [one, other] = writers.map((calls, writer) =>
    calls.map((places, call) =>
      places.map((log, at) => draft({ id: `w${writer}c${call}d${at}`, log: logs[log] as LogKey })),
    ),
  ) as [Draft[][], Draft[][]];
  return [one, isShared ? [...one.slice(0, 1), ...other] : other];
}

/** Lives through the story. `look` is called again and again with the store, `told` has every answer. */
async function live(story: Story, look: (store: ScriptedStore) => void) {
  const clock = new FakeClock();
  const store = new ScriptedStore(clock, story.script);
  const told: Told[] = [];
  const random = new SeededRandom(story.seed);
  const ends = draftsOf(story).map((calls) =>
    write(new Appender({ calls: store, clock, random, deadlineMs, baseCacheMs: 10_000 }), calls, told),
  );
  let isRunning = true;
  const all = Promise.all(ends).finally(() => {
    isRunning = false;
  });
  while (isRunning) {
    await clock.advance(deadlineMs);
    look(store);
  }
  await all;
  await clock.advance(lateMaxMs);
  look(store);
  return { store, told };
}

const numRuns = 120;

it('every log is dense from 1, and what was at a place once is there for ever', async () => {
  await fc.assert(
    fc.asyncProperty(anyStory, async (story) => {
      const seen = new Map<LogKey, readonly EntryId[]>();
      await live(story, (store) => {
        for (const log of logs) {
          const entries = store.of(log);
          const ids = entries.map(({ id }) => id);
          const before = seen.get(log) ?? [];
          expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, at) => at + 1));
          expect(ids.slice(0, before.length)).toEqual(before);
          expect(new Set(ids).size).toBe(ids.length);
          seen.set(log, ids);
        }
      });
    }),
    { numRuns },
  );
});

it('what was told is so: the entry is at its place, one outcome per draft, and appended once', async () => {
  await fc.assert(
    fc.asyncProperty(anyStory, async (story) => {
      const { store, told } = await live(story, () => {});
      const appended: EntryId[] = [];
      for (const { drafts, outcomes } of told) {
        expect(outcomes).toHaveLength(drafts.length);
        for (const [at, each] of outcomes.entries()) {
          if (each.outcome === 'unconfirmed') continue;
          const { id, log, seq } = each.entry;
          expect([id, log]).toEqual([drafts[at]?.id, drafts[at]?.log]);
          expect(store.of(log)[seq - 1]?.id).toBe(id);
          if (each.outcome === 'appended') appended.push(id);
        }
      }
      expect(new Set(appended).size).toBe(appended.length);
    }),
    { numRuns },
  );
});

it('entries of one call and log keep the order of the call', async () => {
  await fc.assert(
    fc.asyncProperty(anyStory, async (story) => {
      const { store } = await live(story, () => {});
      const seqs = new Map(store.rows.map(({ id, seq }) => [id, seq]));
      for (const drafts of draftsOf(story).flat()) {
        for (const log of logs) {
          const own = drafts.filter((each) => each.log === log).map(({ id }) => seqs.get(id));
          const there = own.filter((seq) => seq !== undefined);
          expect(there).toEqual(there.toSorted((one, other) => one - other));
          // Nothing goes without what is before it in the call.
          expect(own.slice(0, there.length)).toEqual(there);
        }
      }
    }),
    { numRuns },
  );
});

it('without unknown outcomes everything is confirmed, whatever others append in between', async () => {
  const script = fc.array(
    anyTurn.map((turn) => ({ ...turn, fate: 'done' as const, latencyMs: turn.latencyMs % 10 })),
    { maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(anyStory, script, async (story, kind) => {
      const { told } = await live({ ...story, script: kind }, () => {});
      for (const { outcome } of told.flatMap(({ outcomes }) => outcomes)) {
        if (!story.isShared) expect(outcome).toBe('appended');
        expect(outcome).not.toBe('unconfirmed');
      }
    }),
    { numRuns },
  );
});

it('a row is confirmed only by a reply that leaves no doubt of it', () => {
  const anyReply = fc.record({
    refused: fc.array(
      fc.record({ index: fc.nat(9), code: fc.constantFrom(duplicateCode, duplicateCode, 91) }),
      {
        maxLength: 4,
      },
    ),
    isWriteConcernMet: fc.oneof(fc.constant(true), fc.boolean()),
  });
  fc.assert(
    fc.property(anyReply, fc.boolean(), (reply, isOrdered) => {
      const rows = Array.from({ length: 10 }, (_, at) => ({ ...draft({ id: `m${at}` }), seq: at + 1 }));
      const isDoubtful = !reply.isWriteConcernMet || reply.refused.some(({ code }) => code !== duplicateCode);
      const refused = reply.refused.map(({ index }) => index);
      const isSure = (index: number) =>
        !isDoubtful && refused.every((each) => (isOrdered ? index < each : index !== each));
      expect(confirmedRows(rows, reply, isOrdered)).toEqual(rows.filter((_, index) => isSure(index)));
    }),
  );
});
