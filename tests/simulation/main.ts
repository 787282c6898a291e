// Runs the simulation by hand: `npm run simulate -- --seeds 2000 --first 1` for many seeds, `-- --seeds 1
// --first 7 --trace` for one with its history, `-- --mutants` for the mutants. Exits non-zero when a rule was
// broken or a mutant was not caught.
import { parseArgs } from 'node:util';
import { bundle } from './bundle.ts';
import { huntMutants, runSeeds, threads } from './hunt.ts';
import { Pool } from './pool.ts';
import { traceOf } from './trace.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    first: { type: 'string', default: '1' },
    mutants: { type: 'boolean', default: false },
    mutant: { type: 'string' },
    /** The whole history of the first seed, whatever came of it. */
    trace: { type: 'boolean', default: false },
  },
});
const first = Number(values.first);
const seeds = Number(values.seeds);
const say = (line: string) => console.log(line);

if (values.trace) await trace();
else if (values.mutants || values.mutant) await mutants();
else await many();

async function many(): Promise<void> {
  say(`seeds ${first} to ${first + seeds - 1} on ${threads} threads`);
  const tally = await runSeeds({ first, seeds }, say);
  const { failed, seconds } = tally;
  say(`${tally.seeds} seeds in ${seconds.toFixed(1)} s, ${(tally.seeds / seconds).toFixed(1)} a second`);
  say(`${tally.accepted} messages got their 202, ${tally.frames} frames were sent to sockets`);
  say(`${failed.length} seeds broke a rule`);
  for (const result of failed.slice(0, 1)) say(traceOf(result));
  process.exitCode = failed.length === 0 ? 0 : 1;
}

async function mutants(): Promise<void> {
  const catches = await huntMutants(({ name }) => !values.mutant || name === values.mutant, say);
  const escaped = catches.filter((each) => each.seeds === undefined);
  say(`${catches.length - escaped.length} of ${catches.length} mutants were caught`);
  process.exitCode = escaped.length === 0 && catches.length > 0 ? 0 : 1;
}

async function trace(): Promise<void> {
  const pool = new Pool();
  try {
    const result = await pool.one(await bundle('plain'), first);
    say(result.history);
    process.exitCode = result.violations.length === 0 ? 0 : 1;
  } finally {
    await pool.close();
  }
}
