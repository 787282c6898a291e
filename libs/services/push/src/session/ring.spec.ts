// The ring forgets what it must and never loses count.
import { type LogKey, userKey, userLog } from '@carillon/domain';
import { FakeClock } from '@carillon/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { pushOptions } from '../push-options.fixture.js';
import type { Framed } from '../socket/framed.js';
import { Rings } from './ring.js';
import { type ReadyEntry, ready } from './volley.js';

const options = pushOptions({ ringEntries: 4, ringBytes: 100, ringsBytes: 250 });
const logs = ['a', 'b', 'c', 'd'].map((user) => userLog(userKey('t', user)));
const [a, b, c, d] = logs as [LogKey, LogKey, LogKey, LogKey];

let clock: FakeClock;
let rings: Rings;

beforeEach(() => {
  clock = new FakeClock();
  rings = new Rings(options, clock);
});

function bell(seq: number, frame: Uint8Array): ReadyEntry {
  return ready({ seq, acceptedAt: clock.now(), expiresAt: 0 }, frame as Framed);
}

const put = (log: LogKey, seq: number, bytes: number) => rings.put(log, bell(seq, new Uint8Array(bytes)));

const kept = (log: LogKey) => [1, 2, 3, 4, 5, 6].filter((seq) => rings.get(log, seq));

describe('a ring', () => {
  it('keeps the newest of a log, by count and by bytes', () => {
    for (const seq of [1, 2, 3, 4, 5]) put(a, seq, 10);
    expect(kept(a)).toEqual([2, 3, 4, 5]);
    put(a, 6, 80);
    expect(kept(a)).toEqual([4, 5, 6]);
  });

  it('keeps nothing of a frame that is larger than a ring', () => {
    put(a, 1, 101);
    expect(kept(a)).toEqual([]);
  });

  it('makes room by the log that was filled longest ago', () => {
    put(a, 1, 100);
    put(b, 1, 100);
    put(a, 1, 100); // doubled: it takes no more room, and is the newest now
    put(c, 1, 100);
    expect([a, b, c].map(kept)).toEqual([[1], [], [1]]);
  });

  it('has all its room again when its logs are dropped', () => {
    for (const log of [a, b]) put(log, 1, 100);
    for (const log of [a, b, b]) rings.drop(log);
    for (const log of [c, d]) put(log, 2, 100);
    expect([a, b, c, d].map(kept)).toEqual([[], [], [2], [2]]);
  });

  it('does not trust what seems to come from the future', () => {
    const { ringFreshMs } = options;
    const now = clock.now();
    expect([-ringFreshMs, 0, ringFreshMs].map((ago) => rings.isFresh(now - ago))).toEqual([true, true, true]);
    expect([-ringFreshMs - 1, ringFreshMs + 1].map((ago) => rings.isFresh(now - ago))).toEqual([
      false,
      false,
    ]);
  });

  it('does not trust what is old', async () => {
    put(a, 1, 10);
    await clock.advance(options.ringFreshMs);
    expect(kept(a)).toEqual([1]);
    await clock.advance(1);
    expect(kept(a)).toEqual([]);
  });

  it('keeps a frame of its own, not the batch in which it came', () => {
    const batch = new Uint8Array(1_000);
    rings.put(a, bell(1, batch.subarray(10, 20)));
    expect(rings.get(a, 1)).toMatchObject({ frame: { buffer: { byteLength: 10 } } });
  });
});
