// The checkout passes its own linter, compiler and tidy, and the linter is alive.
import { expect, it } from 'vitest';
import { run } from './command.ts';

const nx = ['node_modules/nx/dist/bin/nx.js', 'run'];
const timeout = 300_000;

it('passes the linter: boundaries, sizes, format', { timeout }, async () => {
  await expectSuccess([...nx, 'carillon:lint', '--outputStyle=static']);
});

it('compiles, specs and tools included', { timeout }, async () => {
  await expectSuccess([...nx, 'carillon:typecheck', '--outputStyle=static']);
});

it('is tidy', { timeout }, async () => {
  await expectSuccess(['tools/tidy.ts']);
});

async function expectSuccess(args: readonly string[]): Promise<void> {
  const { code, output } = await run(args);
  expect(code, output).toBe(0);
}
