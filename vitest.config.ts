// The one test configuration: every package is a project, its specs run from source, and the real servers are
// started once for the whole run.
import { globSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { CountsReporter } from './tests/setup/counts.ts';

const conditions = ['@carillon/source', 'node', 'module', 'import', 'default'];
const manifests = globSync('{apps,libs,examples,tests}/**/package.json', {
  exclude: (file) => file.includes('node_modules'),
});
const projects = manifests.map((file) => ({
  root: dirname(file),
  name: (JSON.parse(readFileSync(file, 'utf8')) as { name: string }).name,
}));

// What goes through `fetch` is held against openapi.json: see tests/contract.
const setups: Readonly<Record<string, string>> = {
  '@carillon/tests': 'processes',
  '@carillon/standalone-app': 'processes',
  '@carillon/demo': 'processes',
  '@carillon/auth': 'controllers',
  '@carillon/collect': 'controllers',
};
const setupFilesOf = (name: string) => {
  const setup = setups[name];
  return setup === undefined ? [] : [resolve(import.meta.dirname, `tests/contract/setup/${setup}.ts`)];
};

export default defineConfig({
  test: {
    globalSetup: ['tests/setup/services.ts'],
    reporters: ['default', new CountsReporter()],
    testTimeout: 15_000,
    hookTimeout: 30_000,
    projects: projects.map(({ root, name }) => ({
      extends: true as const,
      root,
      test: {
        name,
        include: root === 'tests' ? ['**/*.spec.ts'] : ['src/**/*.spec.ts'],
        setupFiles: setupFilesOf(name),
      },
    })),
  },
  // The libs' tsconfigs leave specs out, so what they say of decorators is said again.
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  resolve: { conditions },
  ssr: { resolve: { conditions } },
});
