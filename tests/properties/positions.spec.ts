// A page's positions under anything a network can do: frames lost, doubled, swapped; sockets that come and
// go.
import { type Move, SessionCore } from '@carillon/client';
import type { Ack, MessageFrame, Welcome } from '@carillon/wire';
import fc from 'fast-check';
import { expect, it } from 'vitest';

const head = 60;

const message = (seq: number): MessageFrame => ({
  type: 'message',
  log: 'user',
  seq,
  id: `msg_${seq}`,
  event: 'e',
  sentAt: 1,
});

const welcome = (from: number, resumed = true): Welcome => ({
  type: 'welcome',
  connection: 'c',
  node: 'n',
  epoch: 'e1',
  user: '42',
  device: 'd',
  logs: { user: { from, head, resumed } },
  heartbeatMs: 25_000,
  window: 64,
  tokenExpiresAt: 1,
  limits: { frameBytesMax: 1, ackWindowBytes: 1, topicsPerSessionMax: 1 },
});

type Step =
  | { readonly kind: 'frame'; readonly seq: number }
  | { readonly kind: 'skip'; readonly from: number; readonly length: number }
  | { readonly kind: 'handle'; readonly outcome: 'delivered' | 'failed' | 'unhandled' }
  | { readonly kind: 'reconnect' }
  | { readonly kind: 'report' };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('frame' as const), seq: fc.integer({ min: 1, max: head }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('skip' as const),
      from: fc.integer({ min: 1, max: head }),
      length: fc.nat(3),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('handle' as const),
      outcome: fc.constantFrom('delivered' as const, 'failed' as const, 'unhandled' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'reconnect' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'report' as const }) },
);

/** A run of the core: what it told, and what the handlers were given. */
class Run {
  readonly moves: Move[] = [];
  readonly handled: number[] = [];
  readonly acks: Ack[] = [];
  private readonly core = new SessionCore(
    (move) => this.moves.push(move),
    () => {},
  );
  /** Half of the frames are the one that is due, so that a run gets anywhere. */
  private due = 1;

  constructor(steps: readonly Step[]) {
    this.core.welcome(welcome(0));
    for (const step of steps) this.act(step);
    this.report();
  }

  get cursor(): number {
    return this.core.cursor('user') ?? 0;
  }

  private act(step: Step): void {
    switch (step.kind) {
      case 'frame':
        this.take(step.seq % 2 ? this.due : step.seq);
        break;
      case 'skip':
        this.skip(step.from, step.from + step.length);
        break;
      case 'handle':
        this.handle(step.outcome);
        break;
      case 'reconnect':
        this.core.welcome(welcome(this.cursor));
        break;
      case 'report':
        this.report();
    }
  }

  private take(seq: number): void {
    if (seq <= head && this.core.take(message(seq)) && seq === this.due) this.due++;
  }

  private skip(from: number, to: number): void {
    const isTaken = this.core.take({ type: 'skip', log: 'user', from, to, reason: 'expired' });
    if (isTaken && to >= this.due) this.due = to + 1;
  }

  private handle(outcome: 'delivered' | 'failed' | 'unhandled'): void {
    const job = this.core.next('user');
    if (job) this.handled.push(job.message.seq);
    job?.settle(outcome);
  }

  private report(): void {
    this.acks.push(...this.core.report().filter((frame) => frame.type === 'ack'));
  }
}

const anyRun = fc.array(anyStep, { maxLength: 200 });

it('handlers get each message once and in order', () => {
  fc.assert(
    fc.property(anyRun, (steps) => {
      const { handled } = new Run(steps);
      expect(handled).toEqual([...new Set(handled)].sort((one, other) => one - other));
    }),
  );
});

it('settled positions and acks only rise, and end where the last handler ended', () => {
  fc.assert(
    fc.property(anyRun, (steps) => {
      const { moves, acks, handled, cursor } = new Run(steps);
      for (const seqs of [moves.map((move) => move.seq), acks.map((ack) => ack.seq)]) {
        expect(seqs).toEqual([...seqs].sort((one, other) => one - other));
      }
      expect(cursor).toBeGreaterThanOrEqual(handled.at(-1) ?? 0);
      for (const ack of acks) expect(ack.seq).toBeLessThanOrEqual(cursor);
    }),
  );
});

it('every failed or unhandled message is named by one ack, at or below its seq', () => {
  fc.assert(
    fc.property(anyRun, (steps) => {
      const { acks } = new Run(steps);
      const named = acks.flatMap((ack) => [...(ack.failed ?? []), ...(ack.unhandled ?? [])]);
      expect(named.length).toBe(new Set(named).size);
      for (const ack of acks) for (const seq of ack.failed ?? []) expect(seq).toBeLessThanOrEqual(ack.seq);
    }),
  );
});

it('a denied resume replaces the position, also downwards, unless the page is ahead of it', () => {
  fc.assert(
    fc.property(anyRun, fc.nat(head), (steps, from) => {
      const gaps: number[] = [];
      const core = new SessionCore(
        () => {},
        (gap) => gaps.push(gap.from),
      );
      core.welcome(welcome(0));
      let received = 0;
      for (const step of steps) {
        if (step.kind === 'frame' && core.take(message(step.seq))) received = Math.max(received, step.seq);
      }
      core.welcome(welcome(from, false));
      const isAhead = from <= received;
      expect(core.cursor('user')).toBe(isAhead ? 0 : from);
      expect(gaps).toEqual(isAhead ? [] : [from]);
    }),
  );
});
