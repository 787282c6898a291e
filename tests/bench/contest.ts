// One thing measured for several servers in turns, A B C A B C: a machine that drifts drifts for all of
// them. Must never measure one of them while another one still works.
import type { Progress } from './progress.ts';

/** What one round of one contestant has cost. */
export interface Sample {
  /** CPU microseconds per delivered message and process. */
  readonly micros: ReadonlyMap<string, number>;
  /** The load client's own, per message. */
  readonly clientMicros: number;
  readonly perSecond: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Resident memory per process at the end. */
  readonly mib: ReadonlyMap<string, number>;
  /** What only some scenarios measure. */
  readonly extra?: Readonly<Record<string, number>>;
}

export interface Contestant {
  readonly name: string;
  /** What it does not do of what ours does; empty for ours. */
  readonly lacks: string;
  /** Shown, but in no sum: what does work that nobody else does. */
  readonly besides?: readonly string[];
  round(): Promise<Sample>;
}

/** A peer that could not be measured, and why. */
export interface Absent {
  readonly name: string;
  /** Of ours: a fault, for what cannot be measured keeps no budget. */
  readonly isOurs?: true;
  readonly reason: string;
}

export interface Course {
  readonly name: string;
  readonly lacks: string;
  readonly besides: readonly string[];
  readonly samples: readonly Sample[];
}

export interface ContestOptions {
  readonly rounds: number;
  readonly progress: Progress;
  /** False where every round begins with a fresh process, or takes long enough to warm itself. */
  readonly isWarmedUp?: boolean;
}

/** Measures each once without counting it, then all of them in turns. */
export async function contest(
  contestants: readonly Contestant[],
  { rounds, progress, isWarmedUp = true }: ContestOptions,
): Promise<readonly Course[]> {
  const samples = contestants.map((): Sample[] => []);
  for (const contestant of isWarmedUp ? contestants : []) {
    progress.say(`warming up: ${contestant.name}`);
    await contestant.round();
  }
  for (let round = 1; round <= rounds; round += 1) {
    const said: string[] = [];
    for (const [at, contestant] of contestants.entries()) {
      const sample = await contestant.round();
      samples[at]?.push(sample);
      said.push(`${contestant.name} ${costOf(sample, contestant.besides).toFixed(2)}`);
    }
    progress.round(round, rounds, said.join(', '));
  }
  return contestants.map(({ name, lacks, besides = [] }, at) => ({
    name,
    lacks,
    besides,
    samples: samples[at] ?? [],
  }));
}

/** Microseconds per message of all processes that count. */
export function costOf({ micros }: Sample, besides: readonly string[] = []): number {
  let sum = 0;
  for (const [name, used] of micros) if (!besides.includes(name)) sum += used;
  return sum;
}

export function costsOf({ samples, besides }: Course): number[] {
  return samples.map((sample) => costOf(sample, besides));
}

/** @throws when nobody of that name was measured */
export function courseOf(courses: readonly Course[], name: string): Course {
  const found = courses.find((course) => course.name === name);
  if (!found) throw new Error(`${name} was not measured`);
  return found;
}
