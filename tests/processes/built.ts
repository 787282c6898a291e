// Compiles the apps before a spec runs them as processes. Several specs at once wait for each other.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdLock } from '../../tools/services/lock.ts';
import { root } from '../house/command.ts';

const apps = ['auth', 'collect', 'dispatch', 'push', 'standalone'] as const;
export type AppName = (typeof apps)[number];

/** Resolves when apps/*\/dist is what the sources say. @throws with the compiler's words */
export async function buildApps(): Promise<void> {
  const release = await holdLock(join(tmpdir(), 'carillon-build.lock'));
  try {
    const args = ['node_modules/.bin/tsc', '-b', ...apps.map((app) => `apps/${app}`)];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = child.stdout.toArray();
    const [code] = (await once(child, 'close')) as [number];
    if (code !== 0) throw new Error(`The apps do not compile:\n${(await said).join('')}`);
  } finally {
    release();
  }
}

/** What Node is to run for an app. */
export function mainOf(app: AppName): string[] {
  return ['--enable-source-maps', join(root, 'apps', app, 'dist/main.js')];
}
