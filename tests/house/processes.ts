// Who runs, as the kernel says it: for specs that prove that nothing is left behind.
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const goneTimeoutMs = 5_000;
const pollMs = 20;

/** All processes that descend from this one now. */
export function descendants(pid: number): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const children = all.map(Number).filter((each) => statOf(each)?.parent === pid);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** Those of the processes that still run after a moment to end; a zombie has ended. */
export async function survivors(pids: readonly number[]): Promise<number[]> {
  const deadline = Date.now() + goneTimeoutMs;
  for (;;) {
    const alive = pids.filter((pid) => isAlive(pid));
    if (alive.length === 0 || Date.now() > deadline) return alive;
    await sleep(pollMs);
  }
}

/** The data folders that belong to one of these processes. */
export function foldersOf(pids: readonly number[]): string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith('carillon-'))
    .map((name) => join(tmpdir(), name))
    .filter((folder) => pids.includes(ownerOf(folder)));
}

function ownerOf(folder: string): number {
  try {
    return Number(readFileSync(join(folder, 'owner.pid'), 'utf8').split(' ')[0]);
  } catch {
    return 0; // Some other folder, or one that is just being removed.
  }
}

function isAlive(pid: number): boolean {
  const state = statOf(pid)?.state;
  return state !== undefined && state !== 'Z' && state !== 'X';
}

function statOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined; // It ended between our looks.
  }
}
