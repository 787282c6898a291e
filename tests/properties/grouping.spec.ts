// What goes together and in which order: a batch's phases, a queue's batches, a node's share of doorbells.
import {
  encodeDoorbell,
  incarnation,
  joinDoorbells,
  type LogKey,
  readDoorbells,
  subjects,
  toJsonBytes,
} from '@carillon/domain';
import { draft, inbox, memoryPorts, user } from '@carillon/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planPhases, type Step } from '../../libs/services/collect/src/batch-plan.js';
import { LogQueue } from '../../libs/services/collect/src/log-queue.js';
import type { Posting } from '../../libs/services/collect/src/posting.js';
import { dispatchParts } from '../../libs/services/dispatch/src/dispatch.fixture.js';

const logs = ['a', 'b', 'c', 'd', 'e'].map((name) => inbox(name));

const anyPosting: fc.Arbitrary<Posting> = fc
  .record({ isKeyed: fc.boolean(), logs: fc.shuffledSubarray(logs, { minLength: 1 }) })
  .map((parts) => ({
    ...parts,
    messageId: 'm',
    target: 'list',
    ttlMs: 1_000,
    first: draft({ log: parts.logs[0] as LogKey }),
  }));
const anyBatch = fc.array(anyPosting, { maxLength: 14 });

interface Placed extends Step {
  readonly phase: number;
  /** Of the entries of this part. */
  readonly logs: readonly LogKey[];
}

/** Every step in the order in which it is submitted. */
function placed(postings: readonly Posting[]): Placed[] {
  return planPhases(postings).flatMap((steps, phase) =>
    steps.map((step) => {
      const all = (postings[step.index] as Posting).logs;
      const own = { whole: all, first: all.slice(0, 1), rest: all.slice(1) }[step.part];
      return { ...step, phase, logs: own };
    }),
  );
}

describe('the phases of a batch', () => {
  it('hold the parts of every posting once, and no phase is empty', () => {
    fc.assert(
      fc.property(anyBatch, (postings) => {
        const steps = placed(postings);
        for (const [index, posting] of postings.entries()) {
          const parts = steps.filter((step) => step.index === index);
          const isSplit = posting.isKeyed && posting.logs.length > 1;
          expect(parts.map(({ part }) => part)).toEqual(isSplit ? ['first', 'rest'] : ['whole']);
          expect(parts.flatMap((part) => part.logs)).toEqual(posting.logs);
        }
        expect(steps.every(({ index }) => index in postings)).toBe(true);
        if (postings.length > 0) for (const steps of planPhases(postings)) expect(steps).not.toHaveLength(0);
      }),
    );
  });

  it('never hold the rest of a list beside or before its first entry', () => {
    fc.assert(
      fc.property(anyBatch, (postings) => {
        const steps = placed(postings);
        for (const { index, phase } of steps.filter(({ part }) => part === 'rest')) {
          const first = steps.find((step) => step.index === index && step.part === 'first');
          expect(first?.phase).toBeLessThan(phase);
        }
      }),
    );
  });

  it('keep the order of the postings in every log', () => {
    fc.assert(
      fc.property(anyBatch, (postings) => {
        const steps = placed(postings);
        for (const log of logs) {
          const order = steps.filter((step) => step.logs.includes(log)).map(({ index }) => index);
          expect(order).toEqual(order.toSorted((one, other) => one - other));
        }
      }),
    );
  });

  it('let nothing wait without a reason: its own first entry, or an earlier posting of its logs', () => {
    fc.assert(
      fc.property(anyBatch, (postings) => {
        const steps = placed(postings);
        for (const step of steps.filter(({ phase }) => phase > 0)) {
          const reasons = steps.filter((other) =>
            other.index === step.index
              ? step.part === 'rest' && other.phase === step.phase - 1
              : other.index < step.index &&
                other.phase === step.phase &&
                other.logs.some((log) => step.logs.includes(log)),
          );
          expect(reasons, `posting ${step.index}, ${step.part}`).not.toHaveLength(0);
        }
      }),
    );
  });
});

interface Item {
  readonly log: LogKey;
  readonly bytes: number;
  readonly number: number;
}

/** Round numbers, so that bounds are met exactly. */
const anySize = fc.constantFrom(0, 10, 20, 30, 40);
const anyMove = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('push' as const),
      items: fc.array(fc.record({ log: fc.constantFrom(...logs), bytes: anySize }), {
        minLength: 1,
        maxLength: 8,
      }),
      // A queue that was long once gives its empty slots back.
      times: fc.constantFrom(1, 1, 5, 60),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      entries: fc.constantFrom(1, 3, 20, 100, 300),
      bytes: fc.constantFrom(10, 30, 100, 10_000),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('release' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('giveBack' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('drop' as const) }) },
);
type QueueMove = typeof anyMove extends fc.Arbitrary<infer T> ? T : never;

/** The queue beside a plain list of what waits in it; every move is held against the list. */
class Watched {
  readonly queue = new LogQueue<Item>();
  waiting: readonly Item[] = [];
  private readonly out: (readonly Item[])[] = [];
  private pushed = 0;

  act(move: QueueMove): void {
    if (move.kind === 'push') this.push(Array.from({ length: move.times }, () => move.items).flat());
    else if (move.kind === 'take') this.take(move);
    else if (move.kind === 'drop') this.drop();
    else this.end(move.kind, move.which);
    expect(this.queue.size).toBe(this.waiting.length);
    expect(this.queue.bytes).toBe(bytesOf(this.waiting));
  }

  /** Takes all that is left, one batch at a time. */
  drain(): void {
    for (let left = this.waiting.length + this.out.length; left > 0; left -= 1) {
      while (this.out.length > 0) this.end('release', 0);
      this.take({ entries: 1_000, bytes: 1_000_000 });
    }
    expect(this.waiting).toEqual([]);
  }

  /** The oldest of the open logs, no more than the bounds allow, and no less. */
  private take(bounds: { readonly entries: number; readonly bytes: number }): void {
    const closed = new Set(this.out.flat().map(({ log }) => log));
    const open = this.waiting.filter(({ log }) => !closed.has(log));
    const batch = this.queue.take(bounds);
    expect(batch).toEqual(open.slice(0, batch.length));
    expect(batch.length).toBeLessThanOrEqual(bounds.entries);
    if (batch.length > 1) expect(bytesOf(batch)).toBeLessThanOrEqual(bounds.bytes);
    const next = open[batch.length];
    if (next && batch.length < bounds.entries) {
      expect(batch).not.toHaveLength(0);
      expect(bytesOf(batch) + next.bytes).toBeGreaterThan(bounds.bytes);
    }
    const taken = new Set(batch);
    this.waiting = this.waiting.filter((item) => !taken.has(item));
    if (batch.length > 0) this.out.push(batch);
  }

  private push(items: readonly Omit<Item, 'number'>[]): void {
    const numbered = items.map((item) => ({ ...item, number: this.pushed++ }));
    for (const item of numbered) this.queue.push(item);
    this.waiting = [...this.waiting, ...numbered];
  }

  private drop(): void {
    expect(this.queue.dropOldest()).toEqual(this.waiting[0]);
    this.waiting = this.waiting.slice(1);
  }

  private end(kind: 'release' | 'giveBack', which: number): void {
    const [batch] = this.out.splice(which % Math.max(1, this.out.length), 1);
    if (!batch) return;
    this.queue[kind](batch);
    if (kind === 'giveBack') this.waiting = [...batch, ...this.waiting];
  }
}

function bytesOf(items: readonly Item[]): number {
  return items.reduce((sum, { bytes }) => sum + bytes, 0);
}

it('a queue gives out the oldest of the open logs within the bounds, and loses nothing', () => {
  fc.assert(
    fc.property(fc.array(anyMove, { maxLength: 60 }), (moves) => {
      const watched = new Watched();
      for (const move of moves) watched.act(move);
      watched.drain();
    }),
  );
});

const names = ['ann', 'bob', 'cat', 'dan'];
const nodes = ['push-1', 'push-2', 'push-3'].map((name) => incarnation(name, 'boot'));
const anyHomes = fc.array(fc.subarray(names), { minLength: nodes.length, maxLength: nodes.length });
const anyBells = fc.array(
  fc.record({ name: fc.constantFrom(...names), size: fc.constantFrom(0, 50, 100, 300) }),
  {
    minLength: 1,
    maxLength: 40,
  },
);
const anyPushBounds = fc.record({
  pushBatchEntries: fc.integer({ min: 1, max: 12 }),
  pushBatchBytes: fc.integer({ min: 1, max: 1_500 }),
  pushBatchesInFlight: fc.integer({ min: 1, max: 4 }),
});

/** A Dispatch with these nodes; each notes the batches it is asked to take. */
async function dispatchTo(
  homes: readonly (readonly string[])[],
  bounds: Parameters<typeof dispatchParts>[1],
) {
  const { clock, bus, routes } = await memoryPorts();
  const { dispatcher } = dispatchParts({ clock, bus, routes }, bounds);
  const heard: Uint8Array[][] = nodes.map(() => []);
  for (const [at, node] of nodes.entries()) {
    await routes.renewLease(node, 10_000);
    await routes.claim(
      node,
      (homes[at] ?? []).map((name) => user(name)),
    );
    bus.subscribe(subjects.push(node), (message) => {
      heard[at]?.push(message.data);
      message.reply(toJsonBytes({ outcome: 'taken', gone: [] }));
    });
  }
  bus.subscribe(subjects.dispatch('d1'), (message) => dispatcher.take(message));
  const ask = async (batch: Uint8Array) => {
    const asked = bus.request(subjects.dispatch('d1'), batch, 1_000);
    await clock.advance(0);
    return await asked;
  };
  return { ask, heard };
}

it('each node gets the doorbells of its users, in the order of the batch and within bounds', async () => {
  await fc.assert(
    fc.asyncProperty(anyHomes, anyBells, anyPushBounds, async (homes, bells, bounds) => {
      const { ask, heard } = await dispatchTo(homes, bounds);
      const slices = bells.map(({ name, size }, seq) =>
        encodeDoorbell({
          kind: 'entry',
          log: inbox(name),
          seq,
          acceptedAt: 1,
          expiresAt: 2,
          frame: 'x'.repeat(size),
        }),
      );
      await ask(joinDoorbells(slices));
      for (const [at, batches] of heard.entries()) {
        const own = [...bells.entries()]
          .filter(([, { name }]) => homes[at]?.includes(name))
          .map(([seq]) => seq);
        const chunks = batches.map((batch) => readDoorbells(batch).map(({ seq }) => seq));
        expect(chunks.flat()).toEqual(own);
        const sizeOf = (seqs: readonly number[]) =>
          seqs.reduce((sum, seq) => sum + (slices[seq]?.bytes.length ?? 0), 0);
        for (const [place, chunk] of chunks.entries()) {
          expect(chunk.length).toBeLessThanOrEqual(bounds.pushBatchEntries);
          if (chunk.length > 1) expect(sizeOf(chunk)).toBeLessThanOrEqual(bounds.pushBatchBytes);
          const [next] = chunks[place + 1] ?? [];
          if (next === undefined || chunk.length === bounds.pushBatchEntries) continue;
          expect(sizeOf([...chunk, next])).toBeGreaterThan(bounds.pushBatchBytes);
        }
      }
    }),
    { numRuns: 60 },
  );
});
