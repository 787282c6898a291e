// A case of the suite, how many are played at once, and the table of what came out. Must never call a case
// passed whose outcome was not one of those it names.
import type { Stage } from './stage.ts';

export interface Case {
  readonly group: string;
  readonly name: string;
  /** The outcomes that are right; more than one where the RFC leaves a choice. */
  readonly expected: readonly string[];
  /** What happened, in the words of `expected`. */
  readonly play: (stage: Stage) => Promise<string>;
  /** True: it reaches the users of other cases, so it is played after them, and by itself. */
  readonly isAlone?: boolean;
  /** Why it cannot be played on this target; undefined when it can. */
  readonly obstacle?: (stage: Stage) => string | undefined;
}

export interface Result {
  readonly group: string;
  readonly name: string;
  readonly expected: readonly string[];
  readonly got: string;
  readonly verdict: 'passed' | 'failed' | 'not played';
  readonly ms: number;
}

/** Cases under way at once: most of them wait for a time-out of the server. */
const casesAtOnce = 24;

/** Plays them all; in the order of the list. Never rejects for a case. */
export async function playAll(stage: Stage, cases: readonly Case[]): Promise<Result[]> {
  const results: Result[] = [];
  const isAlone = ([, one]: readonly [number, Case]) => one.isAlone ?? false;
  const queue = [...cases.entries()].filter((entry) => !isAlone(entry));
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) results[next[0]] = await play(stage, next[1]);
  };
  await Promise.all(Array.from({ length: casesAtOnce }, worker));
  for (const [at, one] of [...cases.entries()].filter(isAlone)) results[at] = await play(stage, one);
  return results;
}

/** One line per case, and a last one that counts. */
export function resultTable(title: string, results: readonly Result[]): string {
  const lines = results.map(
    ({ group, name, got, verdict, ms, expected }) =>
      `  ${verdict.padEnd(10)} ${group.padEnd(12)} ${name.padEnd(64)} ${got}` +
      `${verdict === 'failed' ? `   EXPECTED ${expected.join(' or ')}` : ''}   ${Math.round(ms)} ms`,
  );
  const count = (verdict: Result['verdict']) => results.filter((result) => result.verdict === verdict).length;
  const counts = `${count('passed')} passed, ${count('failed')} failed, ${count('not played')} not played`;
  return [`Conformance of ${title}`, ...lines, `  ${counts}`].join('\n');
}

async function play(stage: Stage, { group, name, expected, ...one }: Case): Promise<Result> {
  const obstacle = one.obstacle?.(stage);
  if (obstacle !== undefined) return { group, name, expected, got: obstacle, verdict: 'not played', ms: 0 };
  const startedAt = performance.now();
  let got: string;
  try {
    got = await one.play(stage);
  } catch (error) {
    got = `threw: ${error instanceof Error ? error.message : String(error)}`;
  }
  const verdict = expected.includes(got) ? 'passed' : 'failed';
  return { group, name, expected, got, verdict, ms: performance.now() - startedAt };
}
