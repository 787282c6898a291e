// The linter is alive: it refuses, by name, every violation that is planted in a copy of the checkout.
import { expect, it } from 'vitest';
import { run } from './command.ts';

it('refuses every planted violation', { timeout: 300_000 }, async () => {
  const { code, output } = await run(['tools/canary.ts']);
  expect(code, output).toBe(0);
  expect(output).toMatch(/^canary: (\d+) of \1 violations refused$/m);
});
