/** A thread that runs seeds of whatever bundle it is told. Must never decide what to run. */
import { parentPort } from 'node:worker_threads';
import type { RunResult } from './run/run.ts';

export interface Order {
  readonly file: string;
  readonly seed: number;
  /** Whether the history is wanted even where nothing was wrong. */
  readonly isHistoryWanted: boolean;
}

interface Bundle {
  readonly runSeed: (seed: number) => Promise<RunResult>;
}

// Errors are part of many runs, and nobody reads where they were made.
Error.stackTraceLimit = 3;

parentPort?.on('message', ({ file, seed, isHistoryWanted }: Order) => {
  void run(file, seed).then((result) => {
    const isKept = isHistoryWanted || result.violations.length > 0;
    parentPort?.postMessage(isKept ? result : { ...result, history: '' });
  });
});

async function run(file: string, seed: number): Promise<RunResult> {
  try {
    const { runSeed } = (await import(file)) as Bundle;
    return await runSeed(seed);
  } catch (error) {
    const text = (error as Error).stack ?? String(error);
    const violations = [{ rule: 'fault', text, at: 0 }];
    return { seed, violations, history: text, hash: '', posted: 0, accepted: 0, frames: 0, events: 0 };
  }
}
