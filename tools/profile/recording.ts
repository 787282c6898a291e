// The two recordings, written to a file as they come. Must never print anything of what is recorded.
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Inspector } from './inspector.ts';

/** Told how far it is: `done` of `total`, in `unit`. */
export type Progress = (done: number, total: number, unit: 's' | '%') => void;

export interface Recording {
  readonly inspector: Inspector;
  /** Open for writing. */
  readonly fd: number;
  readonly onProgress: Progress;
  /** Ends it early, with its reason. */
  readonly signal: AbortSignal;
}

const second = 1_000;
/** A heap of several GB takes minutes, in which the process does nothing else. */
const heapWithinMs = 600_000;

/** Where the process spends its time: function names, files and lines, a sample a millisecond. */
export async function recordCpu({ inspector, fd, onProgress, signal }: Recording, ms: number): Promise<void> {
  await inspector.ask('Profiler.enable');
  await inspector.ask('Profiler.start');
  for (let doneMs = 0; doneMs < ms; doneMs += second) {
    onProgress(doneMs / second, ms / second, 's');
    await sleep(Math.min(second, ms - doneMs), undefined, { signal });
  }
  onProgress(ms / second, ms / second, 's');
  const { profile } = await inspector.ask<{ profile: object }>('Profiler.stop');
  writeSync(fd, JSON.stringify(profile));
}

/** Everything that the process holds, with its texts. The process stands still meanwhile. */
export async function recordHeap({ inspector, fd, onProgress, signal }: Recording): Promise<void> {
  // Written at once: while the disk is slow, the socket is not read, and nothing piles up here.
  inspector.on<{ chunk: string }>('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
    if (!signal.aborted) writeSync(fd, chunk);
  });
  inspector.on<{ done: number; total: number }>(
    'HeapProfiler.reportHeapSnapshotProgress',
    ({ done, total }) => onProgress(Math.floor((100 * done) / Math.max(1, total)), 100, '%'),
  );
  signal.throwIfAborted();
  await inspector.ask('HeapProfiler.enable');
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  const snapshot = inspector.ask('HeapProfiler.takeHeapSnapshot', { reportProgress: true }, heapWithinMs);
  await Promise.race([snapshot, aborted]);
}
