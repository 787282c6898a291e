// The server's arithmetic of acks: what a pump has written, what is settled of it, and what never may be.
import { type Draft, type Entry, entryFrame } from '@carillon/domain';
import { draft, inbox, memoryPorts, user } from '@carillon/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pushOptions, silentLog } from '../../libs/services/push/src/push-options.fixture.js';
import { type Flight, InFlight } from '../../libs/services/push/src/session/in-flight.js';
import { momentOf } from '../../libs/services/push/src/session/moment.js';
import { PageReader } from '../../libs/services/push/src/session/page-reader.js';
import { type Line, Pump } from '../../libs/services/push/src/session/pump.js';
import { Rings } from '../../libs/services/push/src/session/ring.js';
import { ready, volleyOf } from '../../libs/services/push/src/session/volley.js';
import { framed, textsOf } from '../../libs/services/push/src/socket/framed.js';

const anyGroup = fc.array(fc.record({ gap: fc.nat(3), bytes: fc.nat(500), isSkip: fc.boolean() }), {
  minLength: 1,
  maxLength: 6,
});
const anyFlightStep = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), group: anyGroup }),
  fc.record({ kind: fc.constant('settle' as const), seq: fc.nat(60) }),
);

it('what is in flight is what was added and not settled, by count and bytes, and leaves in order', () => {
  fc.assert(
    fc.property(fc.array(anyFlightStep, { maxLength: 30 }), (steps) => {
      const inFlight = new InFlight();
      let open: Flight[] = [];
      let last = 0;
      for (const step of steps) {
        if (step.kind === 'add') {
          const group = step.group.map(({ gap, bytes, isSkip }) => {
            last += 1 + gap;
            return { seq: last, bytes, isSkip, acceptedAt: last };
          });
          inFlight.add(group, sumOf(group));
          open.push(...group);
        } else {
          const settled: Flight[] = [];
          inFlight.settle(step.seq, (flight) => settled.push(flight));
          expect(settled).toEqual(open.filter(({ seq }) => seq <= step.seq));
          open = open.filter(({ seq }) => seq > step.seq);
        }
        expect([inFlight.count, inFlight.bytes]).toEqual([open.length, sumOf(open)]);
      }
    }),
  );
});

function sumOf(flights: readonly Pick<Flight, 'bytes'>[]): number {
  return flights.reduce((sum, { bytes }) => sum + bytes, 0);
}

const log = inbox();
const options = pushOptions({ ackWindow: 4, ackWindowBytes: 1_200, ringEntries: 5, readPage: 4 });
const seqMax = 40;

const anyStep = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      sizes: fc.array(fc.oneof(fc.nat(100), fc.nat(1_500)), { minLength: 1, maxLength: 4 }),
      /** How their doorbells come. */
      bells: fc.constantFrom('volley', 'one by one', 'backwards', 'twice', 'lost'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ack' as const),
      /** Of the way from settled to sent, to head, or anywhere. */
      to: fc.constantFrom('sent', 'head', 'half', 'any'),
      seq: fc.nat(seqMax),
      failed: fc.array(fc.nat(seqMax), { maxLength: 3 }),
      unhandled: fc.array(fc.nat(seqMax), { maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('raise' as const), seq: fc.nat(seqMax) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('find' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rumour' as const), more: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('recall' as const), seq: fc.nat(seqMax) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('socket' as const), isWritable: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.nat(20) }) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;
type AckStep = Extract<Step, { kind: 'ack' }>;
const anySteps = fc.array(anyStep, { maxLength: 40 });

interface Written {
  readonly seq: number;
  readonly bytes: number;
  readonly isSkip: boolean;
}

/** A pump of one session on a store, and a client that acknowledges whatever it likes. */
async function session() {
  const { clock, store } = await memoryPorts();
  const written: Written[] = [];
  const settlements: string[] = [];
  const resyncs: string[] = [];
  const socket = { isWritable: true };
  const write: Line['write'] = (frames) => {
    for (const text of textsOf(frames)) {
      const frame = JSON.parse(new TextDecoder().decode(text)) as { type: string; seq: number; from: number };
      const isSkip = frame.type === 'skip';
      written.push({ seq: isSkip ? frame.from : frame.seq, bytes: framed(text).length, isSkip });
    }
  };
  const rings = new Rings(options, clock);
  const line: Line = {
    ...{ id: 'c_1', user: user(), device: undefined, write, writeAlone: write, touched: () => {} },
    isWritable: () => socket.isWritable,
    resync: (reason) => resyncs.push(reason),
  };
  const pump = new Pump(log, line, {
    ...{ rings, clock, options, trust: { isTrusted: true }, onSkipped: () => {} },
    reader: new PageReader(store.log, clock, options, silentLog),
    onSettled: (_, outcome) => settlements.push(outcome),
  });
  return { clock, store, rings, pump, socket, written, settlements, resyncs };
}

type Session = Awaited<ReturnType<typeof session>>;

let drafts = 0;
const draftOf = (size: number): Draft =>
  draft({ id: `m${drafts++}`, data: JSON.stringify('x'.repeat(size)) });

async function append({ store, pump, rings, clock }: Session, sizes: readonly number[], bells: string) {
  const outcomes = await store.log.append(sizes.map(draftOf));
  const entries = outcomes.flatMap((each) => (each.outcome === 'appended' ? [each.entry] : []));
  const made = entries.map((entry: Entry) => ready(entry, framed(entryFrame(entry))));
  const ring = (bell: typeof made) => {
    const volley = volleyOf(bell);
    if (volley && !pump.hear(volley, momentOf(clock))) for (const one of bell) rings.put(log, one);
    pump.run();
  };
  if (bells === 'volley') ring(made);
  const times = bells === 'twice' ? 2 : 1;
  const order = bells === 'backwards' ? made.toReversed() : made;
  if (bells === 'lost' || bells === 'volley') return;
  for (const one of order) for (let time = 0; time < times; time += 1) ring([one]);
}

/** What an ack may not change where it is of more than was heard of. */
const stateOf = ({ pump, clock, written, settlements }: Session) => [
  ...[pump.from, pump.sent, pump.settled, pump.head, pump.tend(clock.monotonic())],
  ...[written.length, settlements.length],
];

function outcomeOf(seq: number, { failed, unhandled }: AckStep): string {
  if (failed.includes(seq)) return 'failed';
  return unhandled.includes(seq) ? 'unhandled' : 'delivered';
}

function ack(one: Session, step: AckStep): void {
  const { to, seq, failed, unhandled } = step;
  const { pump } = one;
  const half = Math.ceil((pump.settled + pump.sent) / 2);
  const acked = { sent: pump.sent, head: pump.head, half, any: seq }[to];
  const before = stateOf(one);
  const { head, settled } = pump;
  const known = one.settlements.length;
  const verdict = pump.ack(acked, failed, unhandled);
  expect(verdict).toBe(acked > head ? 'beyond-head' : 'taken');
  if (acked > head || acked <= settled) expect(stateOf(one)).toEqual(before);
  else {
    const due = one.written.filter((each) => each.seq > settled && each.seq <= acked && !each.isSkip);
    expect(one.settlements.slice(known)).toEqual(due.map((each) => outcomeOf(each.seq, step)));
    expect(pump.settled).toBe(acked);
  }
}

async function act(one: Session, step: Step): Promise<void> {
  const { pump, store, clock, socket } = one;
  const head = async () => (await store.log.heads([log])).get(log) ?? 0;
  switch (step.kind) {
    case 'append':
      await append(one, step.sizes, step.bells);
      break;
    case 'ack':
      ack(one, step);
      break;
    case 'raise':
      expect(pump.raise({ seq: step.seq }, await head())).toBe(step.seq <= pump.head);
      break;
    case 'find':
      pump.find(await head());
      break;
    case 'rumour':
      pump.hearOf((await head()) + step.more);
      pump.run();
      break;
    case 'recall':
      await store.marks.mark(log, [step.seq], 'recalled');
      pump.forget(step.seq);
      break;
    case 'socket':
      socket.isWritable = step.isWritable;
      break;
    case 'time':
      await clock.advance(step.ms);
  }
  pump.run();
}

/** Lives through the steps; `look` is called after each. */
async function live(steps: readonly Step[], look: (one: Session) => void): Promise<Session> {
  const one = await session();
  one.pump.start(0, 0);
  for (const step of steps) {
    await act(one, step);
    look(one);
  }
  return one;
}

it('settled only rises, and stays at or below sent, and sent at or below head', async () => {
  await fc.assert(
    fc.asyncProperty(anySteps, async (steps) => {
      let [sent, settled] = [0, 0];
      await live(steps, ({ pump }) => {
        expect(pump.settled).toBeGreaterThanOrEqual(settled);
        expect(pump.sent).toBeGreaterThanOrEqual(sent);
        expect(pump.settled).toBeLessThanOrEqual(pump.sent);
        expect(pump.sent).toBeLessThanOrEqual(pump.head);
        [sent, settled] = [pump.sent, pump.settled];
      });
    }),
  );
});

it('what was written is settled once, when an ack reaches it, and is unsettled until then', async () => {
  await fc.assert(
    fc.asyncProperty(anySteps, async (steps) => {
      await live(steps, ({ pump, clock, written, settlements }) => {
        const settled = written.filter(({ seq, isSkip }) => seq <= pump.settled && !isSkip);
        expect(settlements).toHaveLength(settled.length);
        const open = written.filter(({ seq }) => seq > pump.settled);
        expect(pump.tend(clock.monotonic() + 1) > 0).toBe(open.length > 0);
        expect(open.length).toBeLessThanOrEqual(options.ackWindow);
        expect(sumOf(open.slice(0, -1))).toBeLessThan(options.ackWindowBytes);
      });
    }),
  );
});

it('everything of the log is written once and in order, or was acknowledged before', async () => {
  await fc.assert(
    fc.asyncProperty(anySteps, async (steps) => {
      const one = await live(steps, () => {});
      const { pump, clock, store, socket, written } = one;
      socket.isWritable = true;
      pump.run();
      const head = (await store.log.heads([log])).get(log) ?? 0;
      for (let turn = 0; turn < 100 && (pump.sent < head || pump.settled < pump.sent); turn += 1) {
        pump.find(head);
        pump.ack(pump.sent);
        await clock.advance(1);
      }
      expect(pump.settled).toBeGreaterThanOrEqual(head);
      const seqs = written.map(({ seq }) => seq);
      expect(seqs).toEqual([...new Set(seqs)].sort((before, after) => before - after));
      expect(one.resyncs).toEqual([]);
    }),
  );
});
