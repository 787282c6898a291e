/** One timer for many: each is late at its own time, once, and what was done in time never. */
import { FakeClock } from '@carillon/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { Deadlines } from './deadlines.js';

let clock: FakeClock;
let late: string[];
let deadlines: Deadlines<string>;

beforeEach(() => {
  clock = new FakeClock();
  late = [];
  const startedAt = clock.monotonic();
  deadlines = new Deadlines(clock, 1_000, (item) => late.push(`${item} ${clock.monotonic() - startedAt}`));
});

const add = (item: string) => deadlines.add(item, clock.monotonic());

describe('deadlines', () => {
  it('tell of each at its time, in order, and once', async () => {
    add('a');
    add('b');
    await clock.advance(300);
    add('c');
    await clock.advance(10_000);
    expect(late).toEqual(['a 1000', 'b 1000', 'c 1300']);
  });

  it('say nothing of what was done in time, and do not lose what follows it', async () => {
    add('a');
    await clock.advance(10);
    add('b');
    deadlines.remove('a');
    await clock.advance(20);
    add('c');
    await clock.advance(5_000);
    expect(late).toEqual(['b 1010', 'c 1030']);
  });

  it('begin anew after a time without any', async () => {
    add('a');
    deadlines.remove('a');
    await clock.advance(5_000);
    add('b');
    await clock.advance(999);
    expect(late).toEqual([]);
    await clock.advance(1);
    expect(late).toEqual(['b 6000']);
  });

  it('may be added to by what is late', async () => {
    deadlines = new Deadlines(clock, 1_000, (item) => {
      late.push(item);
      if (late.length < 3) add(`${item}+`);
    });
    add('a');
    await clock.advance(10_000);
    expect(late).toEqual(['a', 'a+', 'a++']);
  });
});
