/**
 * Two thousand seeds, one seed twice, and mutants that must be caught. Must never pass because nothing ran.
 */
import { describe, expect, it } from 'vitest';
import { bundle } from './bundle.ts';
import { huntMutants, runSeeds, sentence } from './hunt.ts';
import { mutants } from './mutants.ts';
import { Pool } from './pool.ts';
import { traceOf } from './trace.ts';

/** Another part of the seeds with every run that says so; printed, so that it can be repeated. */
const first = Number(process.env.SIMULATION_FIRST ?? 1);
const seedsMax = 2_000;
/** Two cores that have nothing else to do need a good minute. */
const forMs = 300_000;
const lines: string[] = [];
const say = (line: string) => void lines.push(line);

describe('the simulation', () => {
  it('writes the same history when one seed is run twice', { timeout: 60_000 }, async () => {
    const pool = new Pool();
    try {
      const file = await bundle('plain');
      const [one, other] = [await pool.one(file, 7), await pool.one(file, 7)];
      expect(one.history.length).toBeGreaterThan(10_000);
      expect(other.history).toBe(one.history);
      expect((await pool.one(file, 8)).hash).not.toBe(one.hash);
    } finally {
      await pool.close();
    }
  });

  it(`keeps every rule in the seeds from ${first} on`, { timeout: forMs + 60_000 }, async () => {
    const { failed, seeds, accepted, seconds } = await runSeeds({ first, seeds: seedsMax, forMs }, say);
    console.log(`seeds ${first} to ${first + seeds - 1} in ${seconds.toFixed(0)} s, ${accepted} messages`);
    expect(failed.map(sentence), failed.map(traceOf)[0]).toEqual([]);
    expect(seeds).toBe(seedsMax);
    expect(accepted).toBeGreaterThan(seeds * 40);
  });

  // Under a minute on two cores that have nothing else to do. A patch whose text is gone fails it.
  it('catches what breaks a rule', { timeout: 480_000 }, async () => {
    const catches = await huntMutants(() => true, say);
    console.log(lines.join('\n'));
    expect(catches.length).toBe(mutants.length);
    expect(catches.filter(({ seeds }) => seeds === undefined).map(({ mutant }) => mutant.name)).toEqual([]);
  });

  it('refuses a patch whose text is gone', async () => {
    const gone = { file: 'tests/simulation/run/parameters.ts', find: 'no such text', replace: '' };
    await expect(bundle('gone', [gone])).rejects.toThrow('holds 0 times');
    const foreign = { file: 'libs/producer/src/none.ts', find: 'x', replace: '' };
    await expect(bundle('foreign', [foreign])).rejects.toThrow('is not part of the simulation');
  });
});
