/** Runs seeds over one bundle or over all mutants, and says in lines what came of it. */
import { bundle } from './bundle.ts';
import type { Mutant } from './mutant.ts';
import { mutants } from './mutants.ts';
import { Pool, threads } from './pool.ts';
import type { RunResult } from './run/run.ts';

export type Say = (line: string) => void;

interface Seeds {
  readonly first: number;
  readonly seeds: number;
}

export interface Tally {
  readonly seeds: number;
  readonly accepted: number;
  readonly frames: number;
  readonly seconds: number;
  readonly failed: readonly RunResult[];
}

/** Histories that are kept. */
const failedMax = 5;
const progressMs = 10_000;

/** `forMs`: no further seed is begun after so long. */
export async function runSeeds(range: Seeds & { readonly forMs?: number }, say: Say): Promise<Tally> {
  const file = await bundle('plain');
  const pool = new Pool();
  const startedAt = performance.now();
  const passed = () => performance.now() - startedAt;
  const failed: RunResult[] = [];
  let [seeds, accepted, frames, saidAt] = [0, 0, 0, 0];
  const orders = ordersOf(file, range, () => passed() < (range.forMs ?? Infinity));
  try {
    await pool.run(orders, (result) => {
      seeds += 1;
      accepted += result.accepted;
      frames += result.frames;
      if (result.violations.length > 0) {
        say(sentence(result));
        if (failed.length < failedMax) failed.push(result);
      }
      if (passed() - saidAt > progressMs) {
        saidAt = passed();
        say(`  ${seeds} seeds, ${(seeds / (saidAt / 1000)).toFixed(1)} a second, ${accepted} messages`);
      }
      return failed.length < failedMax;
    });
  } finally {
    await pool.close();
  }
  return { seeds, accepted, frames, seconds: passed() / 1000, failed };
}

export interface Catch {
  readonly mutant: Mutant;
  /** How many seeds it took; undefined when none of them noticed. */
  readonly seeds: number | undefined;
  readonly rule: string;
}

/** Each mutant until it is caught. @throws Error when the text that a patch replaces is gone */
export async function huntMutants(wanted: (mutant: Mutant) => boolean, say: Say): Promise<readonly Catch[]> {
  const pool = new Pool();
  const catches: Catch[] = [];
  try {
    for (const mutant of mutants.filter(wanted)) {
      const startedAt = performance.now();
      const found = await hunt(pool, mutant);
      catches.push(found);
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      const outcome = found.seeds === undefined ? 'NOT CAUGHT' : `by ${found.rule} in seed ${found.seeds}`;
      say(
        `${mutant.name.padEnd(28)}${outcome.padEnd(24)}of ${mutant.seedsMax}, ${seconds} s: ${mutant.rule}`,
      );
    }
  } finally {
    await pool.close();
  }
  return catches;
}

async function hunt(pool: Pool, mutant: Mutant): Promise<Catch> {
  const file = await bundle(mutant.name, mutant.patches);
  let found: RunResult | undefined;
  await pool.run(ordersOf(file, { first: 1, seeds: mutant.seedsMax }), (result) => {
    if (result.violations.length > 0) found = result;
    return found === undefined;
  });
  return { mutant, seeds: found?.seed, rule: found?.violations[0]?.rule ?? '' };
}

function* ordersOf(file: string, { first, seeds }: Seeds, mayGoOn = () => true) {
  for (let seed = first; seed < first + seeds && mayGoOn(); seed += 1) {
    yield { file, seed, isHistoryWanted: false };
  }
}

/** What went wrong, and how to see it again. */
export function sentence({ seed, violations }: RunResult): string {
  const first = violations[0];
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  const again = `npm run simulate -- --seeds 1 --first ${seed} --trace`;
  return `seed ${seed}: ${first?.rule} at ${first?.at.toFixed(0)} ms: ${first?.text}${more}; again: ${again}`;
}

export { threads };
