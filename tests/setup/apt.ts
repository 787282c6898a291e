// Programs of the machine that specs need: the one that is on PATH, else installed by apt when we are root.
// Must never fetch a program from anywhere else, and never skip for want of one.
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { searchPath } from '../../tools/services/binary.ts';
import { holdLock } from '../../tools/services/lock.ts';

export interface DebianProgram {
  /** As people call it. */
  readonly title: string;
  /** Of Debian. */
  readonly packageName: string;
  /** Of the executable; the first that is there. */
  readonly names: readonly string[];
}

/** Somebody else's apt is waited for that long. */
const aptLockS = 300;

/** An executable. @throws one sentence with the remedy */
export async function programPath(program: DebianProgram): Promise<string> {
  const found = search(program) ?? (await install(program));
  if (found) return found;
  const { title, packageName } = program;
  throw new Error(`${title} is missing: install it (apt install ${packageName}) and run the tests again.`);
}

function search({ names }: DebianProgram): string | undefined {
  return names.map(searchPath).find((path) => path !== undefined);
}

async function install(program: DebianProgram): Promise<string | undefined> {
  if (process.getuid?.() !== 0 || !searchPath('apt-get')) return undefined;
  const { packageName } = program;
  const release = await holdLock(join(tmpdir(), `carillon-${packageName}.lock`));
  try {
    if (search(program)) return search(program); // Another run installed it while we waited.
    console.error(`Installing ${packageName} by apt (once, about a minute) …`);
    await apt('update', '-qq');
    await apt('install', '-y', '-qq', '--no-install-recommends', packageName);
    return search(program);
  } finally {
    release();
  }
}

/** Waits for its end, not for its success: what counts is whether the program is there afterwards. */
function apt(...args: string[]): Promise<void> {
  return new Promise((resolve) => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const wait = ['-o', `DPkg::Lock::Timeout=${aptLockS}`];
    const child = spawn('apt-get', [...wait, ...args], { stdio: ['ignore', 'ignore', 'inherit'], env });
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
}
