// Runs the steps it is given, in order, on the pinned Node, after `npm ci` when the lockfile changed.
// Uses nothing but Node 20 itself, for it runs before any package is there;
// it must never leave a process behind.
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const nodeMajorMin = 24;
/** How long a child may take to end after a signal before its whole group is killed. */
const graceMs = 30_000;
/** A signal this long after the first is a person who no longer wants to wait. */
const impatienceMs = 2_000;
const progressMs = 10_000;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = join(root, 'node_modules/.bin');
const nx = 'node_modules/nx/dist/bin/nx.js';

/** Each step is a list of Node command lines; the last one of the last step gets the extra arguments. */
const steps = {
  build: { say: 'Building …', lines: [[nx, 'run-many', '-t', 'build', '--outputStyle=static']] },
  standalone: { isServer: true, lines: [['--enable-source-maps', 'apps/standalone/dist/main.js']] },
  cluster: { isServer: true, lines: [['tools/cluster.ts']] },
  'begin-epoch': { lines: [['--enable-source-maps', 'apps/collect/dist/begin-epoch.js']] },
  services: { isServer: true, lines: [['tools/services/main.ts']] },
  simulate: { lines: [['tests/simulation/main.ts']] },
  rehearsal: { lines: [['tests/rehearsal/main.ts']] },
  bench: { lines: [['tests/bench/main.ts']] },
  chaos: { lines: [['tests/chaos/main.ts']] },
  conformance: { lines: [['tests/conformance/main.ts']] },
  images: { lines: [['tests/images/main.ts']] },
  manifests: { lines: [['tests/manifests/main.ts']] },
  profile: { lines: [['tools/profile.ts']] },
  carillon: { lines: [['--enable-source-maps', 'apps/cli/dist/main.js']] },
  test: { lines: [['node_modules/vitest/vitest.mjs', 'run']] },
  lint: {
    say: 'Linting …',
    lines: [
      [nx, 'run', 'carillon:lint', '--outputStyle=static'],
      [nx, 'run', 'carillon:typecheck', '--outputStyle=static'],
      ['tools/tidy.ts'],
    ],
  },
};

const state = { child: undefined, isInstalling: false, stopping: undefined, stoppedAt: 0 };

for (const signal of signals) process.on(signal, () => stop(signal));
process.on('exit', () => state.child && endGroup(state.child.pid));
await main(process.argv.slice(2));

async function main(argv) {
  const { names, extra } = readArguments(argv);
  if (isInstallNeeded()) await install();
  const node = pinnedNode();
  const lines = names.flatMap((name) => linesOf(steps[name]));
  const last = lines.at(-1);
  for (const one of lines) {
    if (one.say) console.log(one.say);
    const code = await run(node, one === last ? [...one.line, ...extra] : one.line);
    // A server that drained and said 0 was stopped well; anything else that was interrupted did not finish.
    if (state.stopping && !(one === last && one.isServer)) process.exit(code || signalCode());
    if (code !== 0) process.exit(code);
  }
}

function linesOf({ lines, say, isServer }) {
  return lines.map((line, nth) => ({ line, isServer, say: nth === 0 ? say : undefined }));
}

/** Steps come before `--`, and what comes after it is for the last step. */
function readArguments(argv) {
  const split = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const names = argv.slice(0, split);
  const extra = argv.slice(split + 1);
  const unknown = names.find((name) => !Object.hasOwn(steps, name));
  if (unknown !== undefined || names.length === 0)
    fail(`${unknown ?? 'Nothing'} is no step; the steps are ${Object.keys(steps).join(', ')}.`, 2);
  return { names, extra: extra[0] === '--' ? extra.slice(1) : extra };
}

/** The stamp is a copy of the lockfile that was installed, so an interrupted install is repeated. */
function isInstallNeeded() {
  const read = (file) => (existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : undefined);
  return read('node_modules/.installed') !== read('package-lock.json');
}

async function install() {
  console.log('Installing packages (about half a minute) …');
  const startedAt = Date.now();
  const ticker = setInterval(() => {
    console.log(`  still installing, ${Math.round((Date.now() - startedAt) / 1000)} s`);
  }, progressMs);
  state.isInstalling = true;
  const code = await run('npm', ['ci']);
  state.isInstalling = false;
  clearInterval(ticker);
  if (state.stopping) process.exit(signalCode());
  if (code !== 0)
    fail('The packages could not be installed: see above, then run the same command again.', code);
  copyFileSync(join(root, 'package-lock.json'), join(root, 'node_modules/.installed'));
}

function pinnedNode() {
  const pinned = join(bin, 'node');
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= nodeMajorMin) return process.execPath;
  return fail(`Node ${nodeMajorMin} is needed and this is ${process.version}: install it and try again.`, 1);
}

/** Runs one command in its own process group, so that it hears a signal once and leaves nothing behind. */
function run(command, args) {
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, NX_DAEMON: 'false', PATH: bin + delimiter + (process.env.PATH ?? '') },
    });
    state.child = child;
    child.once('error', () =>
      fail(`${command} was not found on PATH: install Node 24 with npm, then run this again.`, 127),
    );
    child.once('exit', (code, signal) => {
      endGroup(child.pid);
      state.child = undefined;
      done(code ?? 128 + constants.signals[signal]);
    });
  });
}

/** Ctrl-C arrives twice, from the terminal and from npm: the child is told once. */
function stop(signal) {
  if (state.stopping) {
    if (Date.now() - state.stoppedAt > impatienceMs) abandon();
    return;
  }
  state.stopping = signal;
  state.stoppedAt = Date.now();
  if (!state.child) process.exit(signalCode());
  // npm finishes its work before it obeys; without its stamp the next start repeats that work anyway.
  if (state.isInstalling) endGroup(state.child.pid);
  else state.child.kill(signal);
  setTimeout(abandon, graceMs).unref();
}

function abandon() {
  if (state.child) endGroup(state.child.pid);
}

function endGroup(pid) {
  try {
    if (pid) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in the group, which is what we want.
  }
}

function signalCode() {
  return 128 + constants.signals[state.stopping];
}

function fail(sentence, code) {
  console.error(sentence);
  process.exit(code);
}
