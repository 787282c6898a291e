// Contestants in turns, and what is said meanwhile.
import { describe, expect, it } from 'vitest';
import { type Contestant, contest, costsOf, courseOf, type Sample } from './contest.ts';
import { courseTable, ratioOf } from './course-table.ts';
import { flat, type Grown } from './growth.ts';
import { Progress } from './progress.ts';
import { Resources } from './resources.ts';
import type { Scenario } from './scenario.ts';

const sample = (micros: Record<string, number>): Sample => ({
  micros: new Map(Object.entries(micros)),
  clientMicros: 1,
  perSecond: 1_000,
  mib: new Map([['push', 50]]),
});
const scenario = (name: string): Scenario => ({
  name,
  title: name,
  about: '',
  seconds: { quick: { fixed: 1, perRound: 1 }, full: { fixed: 60, perRound: 30 } },
  run: () => Promise.reject(new Error('is not run here')),
});

function progressAt(nowMs: () => number): { progress: Progress; lines: string[] } {
  const lines: string[] = [];
  const length = { isQuick: false, rounds: 2 };
  const progress = new Progress([scenario('one'), scenario('two')], length, {
    write: (line) => lines.push(line),
    nowMs,
  });
  return { progress, lines };
}

describe('a contest', () => {
  const turns: string[] = [];
  const contestant = (name: string, costs: Record<string, number>): Contestant => ({
    name,
    lacks: '',
    besides: ['mongod'],
    round: () => {
      turns.push(name);
      return Promise.resolve(sample(costs));
    },
  });

  it('measures in turns after a round that does not count, with what is beside not in the sum', async () => {
    turns.length = 0;
    const { progress } = progressAt(() => 0);
    progress.next();
    const both = [contestant('a', { ws: 10 }), contestant('b', { push: 15, nats: 6, mongod: 99 })];
    const courses = await contest(both, { rounds: 2, progress });
    expect(turns).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
    expect(costsOf(courseOf(courses, 'b'))).toEqual([21, 21]);
    expect(ratioOf(courses, 'b', 'a')).toBeCloseTo(2.1);
    const row = courseTable(courses, { name: 'a', caption: '' }).rows[1];
    expect(row?.slice(0, 5)).toEqual(['b', '21.0', '21.0', '2.10', '1,000']);
    expect(row?.join(' ')).toContain('(mongod 99.0)');
  });
});

describe('progress', () => {
  it('begins with what was announced and goes on with what the rounds took', () => {
    let nowMs = 0;
    const { progress, lines } = progressAt(() => nowMs);
    progress.next();
    expect(lines.at(-1)).toContain('about 4 min left');
    nowMs = 10_000;
    progress.round(1, 2, 'done');
    expect(lines.at(-1)).toMatch(/^\[1\/2\] one: round 1 of 2: done; about 2 min left$/);
    progress.next();
    nowMs = 100_000;
    expect(progress.say('late')).toBeUndefined();
    expect(lines.at(-1)).toContain('about 30 s left');
  });
});

describe('resources', () => {
  it('ends all of them, the last first, although one fails, and says that it did', async () => {
    const ended: string[] = [];
    const resources = new Resources();
    resources.add({ stop: () => Promise.resolve(void ended.push('first')) });
    resources.add({ stop: () => Promise.reject(new Error('does not end')) });
    resources.add({ stop: () => Promise.resolve(void ended.push('last')) });
    await expect(resources.stop()).rejects.toThrow('does not end');
    expect(ended).toEqual(['last', 'first']);
    await resources.stop();
  });
});

describe('growth', () => {
  const at = (size: number, ratio: number) => ({ size, ratio }) as Grown;

  it('compares the last size with the reference, not with what is below it', () => {
    const [budget] = flat('cost', [at(100, 1), at(1_000, 2), at(50_000, 2.2)], 1_000);
    expect(budget?.figure).toBeCloseTo(1.1);
    expect(budget?.what).toBe('cost, 1,000 to 50,000');
  });

  it('judges nothing where only the reference was measured', () => {
    expect(flat('cost', [at(1_000, 2)], 1_000)).toEqual([]);
  });
});
