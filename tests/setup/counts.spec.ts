// The last line of every run can be trusted:
// it counts each way a run can fail, and the exit code says the same.
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { root, run } from '../house/command.ts';

const timeout = 60_000;
const pass = "it('a', () => expect(1).toBe(1));";
const fail = "it('b', () => expect(1).toBe(2));";

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counts-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const reporter = JSON.stringify(join(root, 'tests/setup/counts.ts'));
  plant(
    'vitest.config.mjs',
    `import { CountsReporter } from ${reporter};
     export default { test: { globals: true, reporters: [new CountsReporter()], name: 'suite-name' } };`,
  );
});

afterEach(() => rmSync(folder, { recursive: true }));

it('counts what passed and what failed, per suite', { timeout }, async () => {
  plant('one.spec.mjs', `${pass}\n${fail}\nit.skip('c', () => {});`);
  plant('two.spec.mjs', `${pass}`);
  const { code, lines } = await runTests();
  expect(code).toBe(1);
  expect(lines.at(-1)).toBe('2 passed, 1 failed');
  expect(lines.find((line) => line.startsWith('suite-name'))).toMatch(/^suite-name +2 +1 +1 +\d/);
});

it('succeeds when all pass', { timeout }, async () => {
  plant('one.spec.mjs', pass);
  expect(await runTests()).toMatchObject({ code: 0, lines: expect.arrayContaining(['1 passed, 0 failed']) });
});

it.each([
  ['a file that cannot be loaded', `import './nowhere.mjs';\n${pass}`, '1 passed, 1 failed'],
  ['a hook that fails', `afterAll(() => { throw new Error('x'); });\n${pass}`, '2 passed, 1 failed'],
  ['an error outside all tests', `${pass}\nvoid Promise.reject(new Error('x'));`, '2 passed, 1 failed'],
])('counts %s as failed', { timeout }, async (_, code, expected) => {
  plant('one.spec.mjs', pass);
  plant('two.spec.mjs', code);
  const outcome = await runTests();
  expect(outcome.lines.at(-1)).toBe(expected);
  expect(outcome.code).toBe(1);
});

it('fails when no test ran', { timeout }, async () => {
  plant('one.spec.mjs', `it.skip('a', () => {});`);
  const { code, lines } = await runTests();
  expect(lines.at(-1)).toBe('0 passed, 1 failed');
  expect(code).toBe(1);
});

function plant(file: string, text: string): void {
  writeFileSync(join(folder, file), text);
}

async function runTests(): Promise<{ code: number | null; lines: string[] }> {
  const { code, output } = await run([join(root, 'node_modules/vitest/vitest.mjs'), 'run'], { cwd: folder });
  return { code, lines: output.trimEnd().split('\n') };
}
