// A lock between processes: a file that names its holder. Must never wait for a holder that is dead.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const waitMaxMs = 300_000;
const pollMs = 200;

/** Waits until the lock is ours; returns what gives it back. @throws after five minutes of waiting */
export async function holdLock(file: string): Promise<() => void> {
  const deadline = Date.now() + waitMaxMs;
  while (!take(file)) {
    if (Date.now() > deadline) throw new Error(`${file} has been held for five minutes: remove it`);
    if (!isHolderAlive(file)) rmSync(file, { force: true });
    else await sleep(pollMs);
  }
  return () => rmSync(file, { force: true });
}

function take(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function isHolderAlive(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    if (pid === 0) return true; // It is being written this very moment.
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
