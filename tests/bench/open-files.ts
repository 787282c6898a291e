// How many sockets a process may hold here. Tens of thousands need more than most machines give by default;
// where the kernel lets us, we take them for ourselves and for what we start.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const wanted = 200_000;
/** A process has more open than its sockets. */
const spare = 500;

/** Raises the limit if that is allowed. @returns the sockets that one process may hold */
export function raiseOpenFiles(): number {
  spawnSync('prlimit', ['--pid', String(process.pid), `--nofile=${wanted}:${wanted}`]);
  const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return Number(line?.[1] ?? 0) - spare;
}
