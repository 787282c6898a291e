// What a person meets at every command: it installs what is missing, says in a sentence what it cannot do,
// and leaves no process behind however it is stopped.
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Command, root, run } from './command.ts';
import { descendants, foldersOf, survivors } from './processes.ts';

const runner = join(root, 'tools/run.mjs');
const timeout = 60_000;

describe.each([
  ['SIGTERM', ['SIGTERM']],
  ['Ctrl-C, from the terminal and from npm', ['SIGINT', 'SIGINT']],
] as const)('services stopped by %s', (_, signals) => {
  it('end with success and leave no process and no folder', { timeout }, async () => {
    const command = new Command([runner, 'services', '--']);
    await command.said(/^export NATS_URL='.+'$/m);
    const started = descendants(command.pid);
    expect(started.length).toBeGreaterThanOrEqual(4);
    expect(foldersOf(started)).toHaveLength(3);
    for (const signal of signals) command.child.kill(signal);
    const { code, output } = await command.ended;
    expect(code, output).toBe(0);
    expect(await survivors(started)).toEqual([]);
    expect(foldersOf(started)).toEqual([]);
  });
});

it('hands what comes after -- to vitest', { timeout }, async () => {
  const { code, output } = await run([runner, 'test', '--', '--project', 'no-such-project']);
  expect(code).not.toBe(0);
  expect(output).toContain('no-such-project');
});

it.each([[['bild']], [[]]])('names the steps when it is given %j', async (names) => {
  const { code, output } = await run([runner, ...names]);
  expect(code).toBe(2);
  expect(output).toContain('the steps are build, standalone, cluster');
});

describe('on a checkout without packages', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  it('says what to install when npm is missing', async () => {
    const { code, output } = await run(['tools/run.mjs', 'test'], {
      cwd: checkout(),
      env: { PATH: '/nowhere' },
    });
    expect(code).toBe(127);
    expect(output).toContain('npm was not found on PATH: install Node 24 with npm');
  });

  it('stops an install outright and leaves nothing of it', { timeout }, async () => {
    const cwd = checkout();
    const deafNpm = "trap '' INT TERM\necho npm $1 began\nsleep 60 & wait\nsleep 60\n";
    const command = new Command(['tools/run.mjs', 'test'], { cwd, env: { PATH: npmOf(cwd, deafNpm) } });
    await command.said(/Installing packages/);
    await command.said(/npm ci began/);
    const started = descendants(command.pid);
    expect(started.length).toBeGreaterThanOrEqual(1);
    const killedAt = performance.now();
    command.child.kill('SIGINT');
    expect((await command.ended).code).toBe(130);
    expect(performance.now() - killedAt).toBeLessThan(5_000);
    expect(await survivors(started)).toEqual([]);
  });

  it('says so when the install fails, and does not go on', async () => {
    const cwd = checkout();
    const env = { PATH: npmOf(cwd, 'exit 7\n') };
    const { code, output } = await run(['tools/run.mjs', 'test'], { cwd, env });
    expect(code).toBe(7);
    expect(output).toContain('The packages could not be installed');
  });

  it('installs once, and again only when the lockfile changed', async () => {
    const cwd = checkout();
    const env = { PATH: npmOf(cwd, 'mkdir -p node_modules/vitest\necho > node_modules/vitest/vitest.mjs\n') };
    const outputs: string[] = [];
    for (const lock of ['{}', '{}', '{ }']) {
      writeFileSync(join(cwd, 'package-lock.json'), lock);
      const { code, output } = await run(['tools/run.mjs', 'test'], { cwd, env });
      expect(code, output).toBe(0);
      outputs.push(output.trim());
    }
    expect(outputs).toEqual([expect.stringMatching(/^Installing/), '', expect.stringMatching(/^Installing/)]);
  });

  it('tells its child of Ctrl-C once though it comes twice, and does not call that a success', async () => {
    const cwd = checkout();
    const counting = [
      'let heard = 0;',
      "const end = () => { console.log('heard ' + heard); process.exit(0); };",
      "process.on('SIGINT', () => { heard += 1; setTimeout(end, 300); });",
      "setInterval(() => {}, 1000); console.log('ready');",
    ];
    install(cwd, counting);
    const command = new Command(['tools/run.mjs', 'test'], { cwd });
    await command.said(/ready/);
    command.child.kill('SIGINT');
    await sleep(50);
    command.child.kill('SIGINT');
    const { code, output } = await command.ended;
    expect(output).toContain('heard 1');
    expect(code).toBe(130);
  });

  it('ends what a child leaves behind', { timeout }, async () => {
    const cwd = checkout();
    install(cwd, [
      "import { spawn } from 'node:child_process';",
      "const orphan = spawn('sleep', ['60'], { stdio: 'ignore' });",
      'orphan.unref();',
      "console.log('orphan ' + orphan.pid);",
    ]);
    const command = new Command(['tools/run.mjs', 'test'], { cwd });
    const orphan = Number((await command.said(/orphan (\d+)/))[1]);
    expect((await command.ended).code).toBe(0);
    expect(await survivors([orphan])).toEqual([]);
  });

  /** As if packages were there, with this in the place of vitest. */
  function install(folder: string, script: readonly string[]): void {
    mkdirSync(join(folder, 'node_modules/vitest'), { recursive: true });
    writeFileSync(join(folder, 'node_modules/.installed'), '{}');
    writeFileSync(join(folder, 'node_modules/vitest/vitest.mjs'), script.join('\n'));
  }

  function checkout(): string {
    const folder = mkdtempSync(join(tmpdir(), 'run-'));
    folders.push(folder);
    mkdirSync(join(folder, 'tools'));
    copyFileSync(runner, join(folder, 'tools/run.mjs'));
    writeFileSync(join(folder, 'package-lock.json'), '{}');
    return folder;
  }

  /** A PATH on which npm is this script. */
  function npmOf(folder: string, script: string): string {
    writeFileSync(join(folder, 'npm'), `#!/bin/sh\n${script}`);
    chmodSync(join(folder, 'npm'), 0o755);
    return `${folder}:/usr/bin:/bin`;
  }
});
