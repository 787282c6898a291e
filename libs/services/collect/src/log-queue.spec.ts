/** The laws of a queue whose batches never share a log, held against a plain list. */
import type { LogKey } from '@carillon/domain';
import { SeededRandom } from '@carillon/testkit';
import { describe, expect, it } from 'vitest';
import { LogQueue } from './log-queue.js';

interface Item {
  readonly log: LogKey;
  readonly bytes: number;
  readonly number: number;
}

describe('a log queue', () => {
  it('keeps every item, the order of each log and the bounds, and never opens a log twice', () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      expect(run(seed), `seed ${seed}`).toEqual([]);
    }
  });

  it('lets one item through that is larger than a batch', () => {
    const queue = new LogQueue<Item>();
    queue.push(item(1, 'a', 500));
    queue.push(item(2, 'b', 1));
    expect(numbers(queue.take({ entries: 10, bytes: 100 }))).toEqual([1]);
    expect(numbers(queue.take({ entries: 10, bytes: 100 }))).toEqual([2]);
  });

  it('drops the oldest of what waits', () => {
    const queue = new LogQueue<Item>();
    for (let number = 1; number <= 3; number += 1) queue.push(item(number, 'a', 10));
    expect(queue.dropOldest()?.number).toBe(1);
    expect([queue.size, queue.bytes]).toEqual([2, 20]);
    expect(numbers(queue.take({ entries: 10, bytes: 100 }))).toEqual([2, 3]);
    expect(queue.dropOldest()).toBeUndefined();
    expect([queue.size, queue.bytes]).toEqual([0, 0]);
  });
});

/** @returns what was broken, in words. */
function run(seed: number): string[] {
  const random = new SeededRandom(seed);
  const upTo = (max: number) => Math.floor(random.next() * max);
  const queue = new LogQueue<Item>();
  const broken: string[] = [];
  const out: Item[][] = [];
  const taken = new Map<string, number>();
  let pushed = 0;
  let gone = 0;
  const release = () => {
    const [batch] = out.splice(upTo(out.length), 1);
    if (batch) queue.release(batch);
  };
  const take = () => {
    const batch = queue.take({ entries: 1 + upTo(20), bytes: 50 });
    const logs = new Set(batch.map(({ log }) => log));
    if (out.flat().some(({ log }) => logs.has(log))) broken.push('two batches that are out share a log');
    if (batch.length > 1 && batch.reduce((sum, { bytes }) => sum + bytes, 0) > 50)
      broken.push('too many bytes');
    for (const { log, number } of batch) {
      if (number <= (taken.get(log) ?? 0)) broken.push(`${number} of ${log} out of order`);
      taken.set(log, number);
    }
    gone += batch.length;
    if (batch.length > 0) out.push(batch);
  };
  for (let step = 0; step < 1_500; step += 1) {
    const chance = random.next();
    if (chance < 0.6) queue.push(item(++pushed, `log${upTo(6)}`, 1 + upTo(20)));
    else if (chance < 0.8 && out.length < 3) take();
    else release();
    if (queue.size !== pushed - gone) broken.push('an item is missing');
  }
  while (queue.size > 0 && broken.length === 0) {
    release();
    take();
  }
  if (queue.bytes !== 0) broken.push('bytes are left');
  return broken;
}

function item(number: number, log: string, bytes: number): Item {
  return { number, log: log as LogKey, bytes };
}

function numbers(items: readonly Item[]): number[] {
  return items.map(({ number }) => number);
}
