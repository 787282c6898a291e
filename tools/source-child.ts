// Starts a TypeScript file of a spec as a process of its own, run from source. Whoever starts it ends it.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const hook = join(import.meta.dirname, 'from-source.ts');
const flags = ['--no-warnings', '--experimental-transform-types', '--conditions=@carillon/source'];

/** What the child prints comes by `stdout`; its complaints go where ours go. */
export function startFromSource(file: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [...flags, '--import', hook, file, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
