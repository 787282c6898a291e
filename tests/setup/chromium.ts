// The Chromium that browser specs drive: the one on this machine, installed by apt when we are root and it is
// missing. Must never download a browser from anywhere else, and never skip for want of one.
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { searchPath } from '../../tools/services/binary.ts';
import { holdLock } from '../../tools/services/lock.ts';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** An executable Chromium. @throws one sentence with the remedy */
export async function chromiumPath(): Promise<string> {
  const found = search() ?? (await install());
  if (found) return found;
  throw new Error('Chromium is missing: install it (apt install chromium) and run the tests again.');
}

function search(): string | undefined {
  return names.map(searchPath).find((path) => path !== undefined);
}

async function install(): Promise<string | undefined> {
  if (process.getuid?.() !== 0 || !searchPath('apt-get')) return undefined;
  const release = await holdLock(join(tmpdir(), 'carillon-chromium.lock'));
  try {
    if (search()) return search(); // Another run installed it while we waited.
    console.error('Installing chromium by apt (once, about a minute) …');
    await apt('update', '-qq');
    await apt('install', '-y', '-qq', '--no-install-recommends', 'chromium');
    return search();
  } finally {
    release();
  }
}

/** Waits for its end, not for its success: what counts is whether Chromium is there afterwards. */
function apt(...args: string[]): Promise<void> {
  return new Promise((resolve) => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const child = spawn('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
    child.once('close', () => resolve());
  });
}
