// Starts a child process of this folder from source.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

/** `order` reaches the child as JSON, in its only argument. What it prints comes by `stdout`. */
export function startChild(file: string, order: unknown): ChildProcess {
  const hook = join(import.meta.dirname, 'from-source.ts');
  const args = ['--no-warnings', '--conditions=@carillon/source', '--import', hook];
  return spawn(process.execPath, [...args, join(import.meta.dirname, file), JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
