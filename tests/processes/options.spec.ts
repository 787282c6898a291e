// Holds the options against the sources: one that nobody reads would promise what it does not do.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configReference } from '@carillon/platform';
import { describe, expect, it } from 'vitest';
import { root } from '../house/command.ts';

/** Services and adapters; the domain's own list of parameters is where the options come from. */
const sources = globSync('libs/{services,adapters}/*/src/**/*.ts', { cwd: root }).filter(
  (file) => !/\.(spec|fixture)\.ts$/.test(file),
);
const text = sources.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
const slices = /^(auth|collect|dispatch|push|delivery)\./;
/** Wiring hands these to what it opens. */
const readByWiring = ['DELIVERY_REDIS_COMMAND_MS', 'DELIVERY_CLOCK_SKEW_MAX_MS'];
const options = configReference().filter(({ path, env }) => slices.test(path) && !readByWiring.includes(env));

describe('every option of a service', () => {
  it.each(options)('$env is read by somebody', ({ path }) => {
    expect(text).toMatch(new RegExp(`\\b${path.split('.').at(-1)}\\b`));
  });
});
