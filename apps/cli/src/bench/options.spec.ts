/** What a command line means, and that its threads together do exactly that. */
import { describe, expect, it } from 'vitest';
import { seededChance } from './chance.js';
import { benchOptions, type Given, planOf } from './options.js';
import { jobsOf, modes, type Plan } from './plan.js';
import { checkFiles } from './preflight.js';

const url = 'http://127.0.0.1:8080';
const plan = (given: Partial<Given> = {}, mode: Plan['mode'] = 'end-to-end') =>
  planOf(mode, { url, ...given }, seededChance(1));

describe('a plan', () => {
  it('has a default for everything', () => {
    expect(plan()).toMatchObject({ sockets: 100, rate: 200, durationMs: 10_000, batch: 1, bytes: 128, url });
    expect(plan({}, 'send')).toMatchObject({ rate: 'max', concurrency: 16 });
    expect(plan().messages).toBeUndefined();
  });

  it('takes what was given', () => {
    const given = {
      sockets: 7,
      rate: 3,
      duration: 2_000,
      messages: 5,
      batch: 4,
      size: 99,
      seed: 0,
      workers: 2,
    };
    expect(plan(given)).toMatchObject({
      sockets: 7,
      rate: 3,
      durationMs: 2_000,
      messages: 5,
      batch: 4,
      seed: 0,
    });
    expect(plan(given)).toMatchObject({ bytes: 99, workers: 2 });
  });

  it('ends by the number of messages alone where only that was given', () => {
    expect(plan({ messages: 5 }).durationMs).toBe(3_600_000);
  });

  it('has a name of its own for every run', () => {
    const chance = seededChance(1);
    const names = new Set(Array.from({ length: 100 }, () => planOf('send', { url, seed: 1 }, chance).run));
    expect(names.size).toBe(100);
    for (const name of names) expect(name).toMatch(/^[0-9a-z]{7}$/);
  });

  it('knows every option by name', () => {
    const names = benchOptions().map(({ long }) => long);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('--key-file');
    expect(names).not.toContain('--key');
  });

  it('asks for more open files before the sockets run out of them', () => {
    const many = plan({ sockets: 2_000 });
    expect(() => checkFiles(many, 1_024)).toThrow('allows 1024 open files, and 2216 are needed');
    expect(() => checkFiles(many, 4_096)).not.toThrow();
    expect(() => checkFiles({ ...many, mode: 'send' }, 1_024)).not.toThrow();
  });
});

describe('the jobs of a plan', () => {
  it.each(modes.flatMap((mode) => [1, 2, 3, 7, 32].map((workers) => [mode, workers] as const)))(
    '%s by %i threads have every user once, and every message and request',
    (mode, workers) => {
      const whole = { ...plan({ sockets: 101, rate: 50, workers }, mode), messages: 997 };
      const jobs = jobsOf(whole, 'key');
      const users = jobs.flatMap((job) => job.users);
      expect(new Set(users).size).toBe(101);
      expect(users).toHaveLength(101);
      for (const user of users) expect(user).toMatch(/^bench-[0-9a-z]{7}-\d+$/);
      expect(total(jobs.map((job) => job.messages))).toBe(997);
      expect(total(jobs.map((job) => job.concurrency))).toBe(16);
      expect(total(jobs.map((job) => job.messagesPerSecond))).toBeCloseTo(50);
      if (mode === 'connect') expect(total(jobs.map((job) => job.socketsPerSecond))).toBeCloseTo(50);
      expect(jobs.every((job) => job.users.length > 0 && job.concurrency > 0)).toBe(true);
    },
  );

  it('are no more than there are users', () => {
    expect(jobsOf(plan({ sockets: 2, workers: 8 }), 'key')).toHaveLength(2);
  });
});

function total(numbers: readonly (number | undefined)[]): number {
  return numbers.reduce<number>((sum, each) => sum + (each ?? 0), 0);
}
