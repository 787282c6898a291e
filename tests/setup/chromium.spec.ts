// The browser that specs drive is there and runs.
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { chromiumPath } from './chromium.ts';

it('finds a Chromium that runs', { timeout: 300_000 }, async () => {
  const said = execFileSync(await chromiumPath(), ['--version'], { encoding: 'utf8' });
  expect(said).toMatch(/chrom/i);
});
