/** One timer for many: each is over at its own time, once, and what was ended in time never. */
import { FakeClock } from '@carillon/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CollectLog } from './collect-log.js';
import type { CollectOptions } from './collect-options.js';
import { type Deadline, Deadlines } from './deadlines.js';

let clock: FakeClock;
let late: string[];
let deadlines: Deadlines;
let startedAt: number;
let faults: unknown[];

beforeEach(() => {
  clock = new FakeClock();
  late = [];
  startedAt = clock.monotonic();
  faults = [];
  const log = { unseen: (fault: unknown) => faults.push(fault) } as unknown as CollectLog;
  deadlines = new Deadlines(clock, { appendDeadlineMs: 1_000 } as CollectOptions, log);
});

function begin(name: string): Deadline {
  const deadline = deadlines.begin();
  deadline.onOver(() => late.push(`${name} ${clock.monotonic() - startedAt}`));
  return deadline;
}

describe('deadlines', () => {
  it('are over each at its time, in order, and once', async () => {
    const a = begin('a');
    begin('b');
    await clock.advance(300);
    begin('c');
    expect(a.isOver).toBe(false);
    await clock.advance(10_000);
    expect(a.isOver).toBe(true);
    expect(late).toEqual(['a 1000', 'b 1000', 'c 1300']);
  });

  it('say nothing of what was ended in time, and do not lose what follows it', async () => {
    const a = begin('a');
    await clock.advance(10);
    begin('b');
    deadlines.end(a);
    await clock.advance(20);
    begin('c');
    await clock.advance(5_000);
    expect(late).toEqual(['b 1010', 'c 1030']);
  });

  it('begin anew after a time without any', async () => {
    deadlines.end(begin('a'));
    await clock.advance(5_000);
    begin('b');
    await clock.advance(999);
    expect(late).toEqual([]);
    await clock.advance(1);
    expect(late).toEqual(['b 6000']);
  });

  it('may begin when another is over', async () => {
    const again = () => {
      late.push(`${clock.monotonic() - startedAt}`);
      if (late.length < 3) deadlines.begin().onOver(again);
    };
    deadlines.begin().onOver(again);
    await clock.advance(10_000);
    expect(late).toEqual(['1000', '2000', '3000']);
  });
});

describe('a deadline', () => {
  it('tells the last that asked, and at once when it is over', async () => {
    const deadline = begin('first');
    deadline.onOver(() => late.push('second'));
    await clock.advance(1_000);
    deadline.onOver(() => late.push('third'));
    expect(late).toEqual(['second', 'third']);
  });

  it('waits for work that is done in time, and tells of its fault', async () => {
    const deadline = begin('a');
    await deadline.within(Promise.resolve());
    await expect(deadline.within(Promise.reject(new TypeError('ours')))).rejects.toThrow('ours');
    expect(deadline.isOver).toBe(false);
  });

  it('waits no longer than its time, and a fault after that reaches the log', async () => {
    const work = Promise.withResolvers<void>();
    const waiting = begin('a').within(work.promise);
    await clock.advance(1_000);
    await waiting;
    expect(faults).toEqual([]);
    work.reject(new TypeError('too late'));
    await clock.advance(0);
    expect(faults).toEqual([expect.any(TypeError)]);
  });
});
