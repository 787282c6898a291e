// The apps, compiled before a spec runs them as processes.
import { join } from 'node:path';
import { root } from '../house/command.ts';
import { build } from '../setup/built.ts';

const apps = ['auth', 'collect', 'dispatch', 'push', 'standalone'] as const;
export type AppName = (typeof apps)[number];

/** Resolves when the apps are what the sources say. @throws with the compiler's words */
export function buildApps(): Promise<void> {
  return build(...apps.map((app) => `@carillon/${app}-app`));
}

/** What Node is to run for an app. */
export function mainOf(app: AppName): string[] {
  return ['--enable-source-maps', join(root, 'apps', app, 'dist/main.js')];
}
