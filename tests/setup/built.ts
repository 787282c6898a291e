// Builds what specs run as processes, by nx and its cache: after it, every dist is what the sources say.
// Must never run twice at once: specs wait for each other.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFlagsOf } from '../../tools/cluster/app.ts';
import { holdLock } from '../../tools/services/lock.ts';
import { plainEnvironment, root } from '../house/command.ts';

/** Time enough for a build without a cache on a busy machine. */
export const buildTimeoutMs = 300_000;

const apps = ['auth', 'collect', 'dispatch', 'push', 'standalone'] as const;
export type AppName = (typeof apps)[number];

/** The packages by name, with all they need. @throws with the compiler's words */
export async function build(...names: readonly string[]): Promise<void> {
  const release = await holdLock(join(tmpdir(), 'carillon-build.lock'));
  try {
    const nx = join(root, 'node_modules/nx/dist/bin/nx.js');
    const args = [nx, 'run-many', '-t', 'build', '-p', names.join(','), '--outputStyle=static'];
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: plainEnvironment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said = child.stdout.toArray();
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`${names.join(' and ')} cannot be built:\n${(await said).join('')}`);
  } finally {
    release();
  }
}

/** All five apps. @throws with the compiler's words */
export function buildApps(): Promise<void> {
  return build(...apps.map((app) => `@carillon/${app}-app`));
}

/** What Node is to run for an app. */
export function mainOf(app: AppName): string[] {
  return [...nodeFlagsOf(app), join(root, 'apps', app, 'dist/main.js')];
}
