// The law of the pump, on a memory store and a fake clock.
import { type Draft, type Entry, entryFrame, type LogKey, userKey, userLog } from '@carillon/domain';
import type { Store } from '@carillon/domain/ports';
import { type FakeClock, memoryPorts } from '@carillon/testkit';
import { decodeServerFrame, type ServerFrame } from '@carillon/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { pushOptions, silentLog } from '../push-options.fixture.js';
import { framed, textsOf } from '../socket/framed.js';
import { momentOf } from './moment.js';
import { PageReader } from './page-reader.js';
import { type Line, Pump } from './pump.js';
import { Rings } from './ring.js';
import { type ReadyEntry, ready, type Volley, volleyOf } from './volley.js';

const log: LogKey = userLog(userKey('default', '42'));
const options = pushOptions();

let clock: FakeClock;
let store: Store;
let frames: ServerFrame[];
let resyncs: string[];
let isWritable: boolean;
let settlements: string[];
let skipped: string[];
let rings: Rings;
let trust: { isTrusted: boolean };
let pump: Pump;

beforeEach(async () => {
  ({ clock, store } = await memoryPorts());
  frames = [];
  resyncs = [];
  settlements = [];
  skipped = [];
  isWritable = true;
  trust = { isTrusted: true };
  rings = new Rings(options, clock);
  const write: Line['write'] = (written) => {
    for (const text of textsOf(written)) {
      const decoded = decodeServerFrame(new TextDecoder().decode(text));
      if (!decoded.ok) throw new Error(decoded.reason);
      frames.push(decoded.frame);
    }
  };
  const line: Line = {
    ...{ id: 'c_1', user: userKey('default', '42'), device: undefined },
    isWritable: () => isWritable && resyncs.length === 0,
    write,
    writeAlone: write,
    resync: (reason) => resyncs.push(reason),
    touched: () => {},
  };
  pump = new Pump(log, line, {
    rings,
    reader: new PageReader(store.log, clock, options, silentLog),
    clock,
    trust,
    options,
    onSettled: (way, outcome) => settlements.push(`${way} ${outcome}`),
    onSkipped: (reason) => skipped.push(reason),
  });
});

function draft(name: string, ttlMs = 3_600_000): Draft {
  const acceptedAt = clock.now();
  return { id: `msg_${name}`, log, acceptedAt, expiresAt: acceptedAt + ttlMs, event: 'e', data: `"${name}"` };
}

async function append(...drafts: Draft[]): Promise<Entry[]> {
  const outcomes = await store.log.append(drafts);
  return outcomes.map((one) => {
    if (one.outcome !== 'appended') throw new Error(one.outcome);
    return one.entry;
  });
}

function bell(entry: Entry): ReadyEntry {
  return ready(entry, framed(entryFrame(entry)));
}

function volley(...entries: ReadyEntry[]): Volley {
  const one = volleyOf(entries);
  if (!one) throw new Error('these do not follow each other');
  return one;
}

/** All of them in one doorbell batch. */
function ring(...entries: Entry[]): void {
  const bells = entries.map(bell);
  if (!pump.hear(volley(...bells), momentOf(clock))) for (const one of bells) rings.put(log, one);
  pump.run();
}

/** As its node hears of it. */
async function recall(seq: number): Promise<void> {
  await store.marks.mark(log, [seq], 'recalled');
  pump.forget(seq);
}

const seqs = () => frames.flatMap((frame) => (frame.type === 'message' ? [frame.seq] : []));
const names = (count: number, from = 1) => Array.from({ length: count }, (_, at) => draft(String(from + at)));

describe('a pump', () => {
  it('writes doorbells in order as they come, without asking the store', async () => {
    const entries = await append(...names(3));
    pump.start(0, 0);
    for (const entry of entries) ring(entry);
    expect(seqs()).toEqual([1, 2, 3]);
    expect(frames.every((frame) => frame.type === 'message' && frame.replay === undefined)).toBe(true);
  });

  it('writes nothing twice when doorbells are doubled', async () => {
    const entries = await append(...names(2));
    pump.start(0, 0);
    for (const entry of [...entries, ...entries]) ring(entry);
    expect(seqs()).toEqual([1, 2]);
  });

  it('keeps order when doorbells are swapped', async () => {
    const [one, two] = (await append(...names(2))) as [Entry, Entry];
    pump.start(0, 0);
    ring(two);
    ring(one);
    await clock.advance(1);
    expect(seqs()).toEqual([1, 2]);
  });

  it('reads from the store what a lost doorbell left out', async () => {
    const entries = await append(...names(5));
    pump.start(0, 0);
    ring(entries[4] as Entry);
    await clock.advance(1);
    expect(seqs()).toEqual([1, 2, 3, 4, 5]);
  });

  it('notes doorbells that come before it is started', async () => {
    const entries = await append(...names(2));
    for (const entry of entries) ring(entry);
    expect(frames).toEqual([]);
    pump.start(0, 1); // the head was read before the second entry was appended
    await clock.advance(1);
    expect(seqs()).toEqual([1, 2]);
  });

  it('marks what was there before the session as replay, and counts it so', async () => {
    await append(...names(2));
    pump.start(0, 2);
    await clock.advance(1);
    ring((await append(...names(1, 3)))[0] as Entry);
    pump.ack(3);
    expect(frames.map((frame) => frame.type === 'message' && frame.replay === true)).toEqual([
      true,
      true,
      false,
    ]);
    expect(settlements).toEqual(['replay delivered', 'replay delivered', 'live delivered']);
  });

  it('stops at a full window and goes on with the ack', async () => {
    const entries = await append(...names(options.ackWindow + 10));
    pump.start(0, 0);
    for (const entry of entries) ring(entry);
    expect(seqs()).toHaveLength(options.ackWindow);
    pump.ack(5);
    await clock.advance(1);
    expect(seqs()).toHaveLength(options.ackWindow + 5);
    pump.ack(options.ackWindow);
    await clock.advance(1);
    expect(seqs()).toEqual(entries.map((entry) => entry.seq));
  });

  it('stops when too many bytes are unsettled', async () => {
    const big = 'x'.repeat(options.ackWindowBytes / 4);
    const drafts = names(8).map((one) => ({ ...one, data: JSON.stringify(big) }));
    await append(...drafts);
    pump.start(0, 8);
    await clock.advance(1);
    expect(seqs()).toEqual([1, 2, 3, 4]);
  });

  it('waits while the socket is full', async () => {
    const entries = await append(...names(2));
    pump.start(0, 0);
    isWritable = false;
    for (const entry of entries) ring(entry);
    expect(frames).toEqual([]);
    isWritable = true;
    pump.run();
    expect(seqs()).toEqual([1, 2]);
  });

  it('skips what has expired, was superseded or recalled, each with its reason', async () => {
    await append(draft('1', 1_000), draft('2'), draft('3'), draft('4'));
    await store.marks.mark(log, [2], 'superseded');
    await store.marks.mark(log, [3], 'recalled');
    await clock.advance(2_000);
    pump.start(0, 4);
    await clock.advance(1);
    expect(frames.map((frame) => (frame.type === 'skip' ? frame.reason : frame.type))).toEqual([
      'expired',
      'superseded',
      'recalled',
      'message',
    ]);
  });

  it('reads a kept doorbell again once it is too old to be trusted', async () => {
    const entries = await append(...names(2));
    pump.start(0, 0);
    isWritable = false;
    for (const entry of entries) ring(entry);
    await store.marks.mark(log, [1], 'recalled');
    await clock.advance(options.ringFreshMs + 1);
    isWritable = true;
    pump.run();
    await clock.advance(1);
    expect(frames.map((frame) => frame.type)).toEqual(['skip', 'message']);
  });

  it('asks again about what was marked after the read that proves its start', async () => {
    await append(...names(3));
    const page = await new PageReader(store.log, clock, options, silentLog).read(log, 0);
    await recall(2);
    pump.start(0, 3, page);
    await clock.advance(1);
    expect(frames.map((frame) => frame.type)).toEqual(['message', 'skip', 'message']);
  });

  it('asks again about what was marked while a page was on its way', async () => {
    await append(...names(3));
    const readMany = store.log.readMany.bind(store.log);
    store.log.readMany = (places, limit) => {
      store.log.readMany = readMany;
      return readMany(places, limit).finally(() => recall(2));
    };
    pump.start(0, 3);
    await clock.advance(1);
    expect(frames.map((frame) => frame.type)).toEqual(['message', 'skip', 'message']);
  });

  it('never passes a gap: the client must resume', async () => {
    await append(...names(5));
    const later = clock.now() + 7_200_000;
    await clock.advance(7_200_000);
    await append(draft('6'));
    await store.keeping.purge(log, { expiredBefore: later, acceptedBefore: later, limit: 3 });
    pump.start(1, 6);
    await clock.advance(1);
    expect(resyncs).toHaveLength(1);
    expect(frames).toEqual([]);
    expect(pump.sent).toBe(1);
  });

  it('delivers what anti-entropy found and says so', async () => {
    await append(...names(2));
    pump.start(0, 0);
    expect(pump.find(2)).toBe(true);
    expect(pump.find(2)).toBe(false);
    await clock.advance(1);
    pump.ack(2);
    expect(settlements).toEqual(['anti-entropy delivered', 'anti-entropy delivered']);
  });

  it('tells failed and unhandled apart from delivered', async () => {
    pump.start(0, 0);
    for (const entry of await append(...names(3))) ring(entry);
    pump.ack(3, [1], [2]);
    pump.ack(1); // behind: ignored
    expect(pump.settled).toBe(3);
    expect(settlements).toEqual(['live failed', 'live unhandled', 'live delivered']);
    expect(pump.takeReceipt()).toMatchObject({ failed: [1], unhandled: [2] });
  });

  it('does not believe an ack beyond what was heard of until the head is known', async () => {
    await append(...names(9));
    pump.start(0, 0);
    expect([pump.ack(5), pump.raise({ seq: 10 }, 9), pump.settled]).toEqual(['beyond-head', false, 0]);
    expect(pump.raise({ seq: 5, failed: [2], unhandled: [3] }, 9)).toBe(true);
    await clock.advance(1);
    expect(pump.settled).toBe(5);
    expect(pump.takeReceipt()).toMatchObject({ failed: [2], unhandled: [3] });
    expect(seqs()).toEqual([6, 7, 8, 9]);
  });

  it('goes on after an ack of what it had still to send, which another socket got', async () => {
    await append(...names(9));
    pump.start(0, 9);
    expect(pump.ack(5)).toBe('taken');
    expect([pump.sent, pump.settled]).toEqual([5, 5]);
    await clock.advance(1);
    expect(seqs()).toEqual([6, 7, 8, 9]);
  });

  it('hears of more while it reads and finds nothing, and reads again', async () => {
    pump.start(0, 1); // a head that the store cannot show
    const [entry] = await append(...names(1));
    pump.hear(volley({ ...bell(entry as Entry), seq: 2 }), momentOf(clock));
    await append(...names(1, 2));
    await clock.advance(1);
    expect(seqs()).toEqual([1, 2]);
  });

  it('counts the window in bytes, not in characters', async () => {
    const wide = '本'.repeat(options.ackWindowBytes / 8);
    await append(...names(8).map((one) => ({ ...one, data: JSON.stringify(wide) })));
    pump.start(0, 8);
    await clock.advance(1);
    expect(seqs()).toEqual([1, 2, 3]);
  });

  it('knows for how long nothing has moved', async () => {
    pump.start(0, 0);
    for (const entry of await append(...names(2))) ring(entry);
    await clock.advance(7_000);
    expect(pump.tend(clock.monotonic())).toBe(7_000);
    pump.ack(2);
    expect(pump.tend(clock.monotonic())).toBe(0);
  });
});

describe('a volley', () => {
  it('is written whole to a pump that is ready for all of it', async () => {
    pump.start(0, 0);
    ring(...(await append(...names(5))));
    expect(seqs()).toEqual([1, 2, 3, 4, 5]);
    pump.ack(3, [2]);
    expect(settlements).toEqual(['live delivered', 'live failed', 'live delivered']);
    expect(pump.takeReceipt()).toMatchObject({ sent: [{ from: 1, to: 5, way: 'live' }], failed: [2] });
    pump.ack(5);
    expect(settlements).toHaveLength(5);
    expect(pump.tend(clock.monotonic() + 1)).toBe(0);
  });

  it('of which the pump has some goes on where it is', async () => {
    const entries = await append(...names(5));
    pump.start(0, 0);
    ring(...entries.slice(0, 3));
    ring(...entries);
    expect(seqs()).toEqual([1, 2, 3, 4, 5]);
  });

  it('for which the window has not enough room is written as far as it goes', async () => {
    const entries = await append(...names(options.ackWindow + 6));
    pump.start(0, 0);
    ring(...entries.slice(0, 60));
    ring(...entries.slice(60, 70));
    expect(seqs()).toHaveLength(options.ackWindow);
    pump.ack(60);
    expect(seqs()).toEqual(entries.map(({ seq }) => seq));
  });

  it('with an entry that has expired is taken apart', async () => {
    const entries = await append(draft('1'), draft('2', 10), draft('3'));
    await clock.advance(20);
    pump.start(0, 0);
    ring(...entries);
    expect(frames.map(({ type }) => type)).toEqual(['message', 'skip', 'message']);
  });

  it('that comes while the store is read is not written twice', async () => {
    const entries = await append(...names(4));
    pump.start(0, 2);
    ring(...entries.slice(2));
    await clock.advance(1);
    expect(seqs()).toEqual([1, 2, 3, 4]);
  });
});

describe('a pump whose clock cannot be trusted', () => {
  beforeEach(() => {
    trust.isTrusted = false;
  });

  it('calls nothing expired, waits before it, and goes on when the clock is right again', async () => {
    await append(draft('1'), draft('2', 1_000), draft('3'));
    await clock.advance(2_000);
    pump.start(0, 3);
    await clock.advance(1);
    expect(seqs()).toEqual([1]);
    pump.tend(clock.monotonic());
    expect(frames).toHaveLength(1);
    trust.isTrusted = true;
    pump.tend(clock.monotonic());
    await clock.advance(1);
    expect(frames.map(({ type }) => type)).toEqual(['message', 'skip', 'message']);
  });

  it('shows what turns out not to have expired', async () => {
    const entries = await append(draft('1', 60_000));
    pump.start(0, 0);
    clock.jump(3_600_000);
    ring(...entries);
    await clock.advance(1);
    expect(frames).toEqual([]);
    clock.jump(-3_600_000);
    trust.isTrusted = true;
    pump.tend(clock.monotonic());
    await clock.advance(1);
    expect(seqs()).toEqual([1]);
  });

  it('still says what was superseded, recalled or emptied', async () => {
    await append(...names(3));
    await store.marks.mark(log, [1], 'superseded');
    await store.marks.mark(log, [2], 'recalled');
    await store.marks.mark(log, [3], 'emptied');
    pump.start(0, 3);
    await clock.advance(1);
    expect(frames.map((frame) => frame.type === 'skip' && frame.reason)).toEqual([
      'superseded',
      'recalled',
      'expired',
    ]);
  });
});

describe('an entry that was stamped with a fraction of a millisecond', () => {
  it('is shown with whole ones, as the protocol has them', async () => {
    const one = draft('1');
    await append({ ...one, acceptedAt: one.acceptedAt + 0.7, expiresAt: one.expiresAt + 0.7 });
    pump.start(0, 1);
    await clock.advance(1);
    expect(frames).toMatchObject([{ sentAt: one.acceptedAt, expiresAt: one.expiresAt }]);
  });
});

describe('poison', () => {
  it.each([
    ['data that is no JSON', { data: '{"a":' }],
    ['a notification that is no JSON', { notification: 'no' }],
    ['a notification of another shape', { notification: '{"body":"x"}' }],
    ['more than a client takes', { data: JSON.stringify('x'.repeat(262_144)) }],
    ['an event that is no name', { event: 'no name' }],
  ])('%s is skipped, counted and does not block the log', async (_name, harm) => {
    await append(draft('1'), { ...draft('2'), ...harm }, draft('3'));
    pump.start(0, 3);
    await clock.advance(1);
    expect(frames.map((frame) => (frame.type === 'skip' ? frame.reason : frame.type))).toEqual([
      'message',
      'poison',
      'message',
    ]);
    expect(skipped).toEqual(['poison']);
  });
});
