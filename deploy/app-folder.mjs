// `node deploy/app-folder.mjs <app> <folder>`: lays down what one app runs with, in the shape of the
// checkout: its own dist, those of the rooms it needs, and the packages of the lockfile. Runs after a build,
// in the image's build stage. Must never copy a source, a spec, or a package that only development needs.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const scope = '@carillon/';

/**
 * Apps whose services never open the port that this adapter is for: `portUsers` in libs/platform has the
 * rule.
 */
export const unopened = {
  auth: ['@carillon/routes-redis'],
  collect: ['@carillon/routes-redis'],
  dispatch: ['@carillon/store-mongo'],
  push: [],
  standalone: [],
};

/** What an app serves besides code, from where it is built. */
const assets = { standalone: ['examples/demo/dist'] };

/** Only what runs: declarations and build notes are for compilers. */
const compilerFile = /\.d\.ts(?:\.map)?$|\.tsbuildinfo$/;

if (process.argv[1] === fileURLToPath(import.meta.url)) layDown(process.argv[2] ?? '', process.argv[3] ?? '');

/**
 * The app's room and those that it needs, as folders below the checkout, each with the manifest to be
 * shipped.
 */
export function roomsOf(app) {
  const lock = readJson('package-lock.json');
  const folders = Object.entries(lock.packages).filter(([path, { link }]) => link && path.includes(scope));
  const folderOf = new Map(
    folders.map(([path, { resolved }]) => [path.slice('node_modules/'.length), resolved]),
  );
  const rooms = new Map();
  const waiting = [`apps/${app}`];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    if (rooms.has(folder)) continue;
    const manifest = shipped(readJson(join(folder, 'package.json')), unopened[app]);
    rooms.set(folder, manifest);
    const needed = Object.keys(manifest.dependencies ?? {}).filter((name) => name.startsWith(scope));
    waiting.push(...needed.map((name) => folderOf.get(name)));
  }
  return rooms;
}

function layDown(app, target) {
  if (!Object.hasOwn(unopened, app) || target === '')
    fail(`usage: app-folder.mjs <${Object.keys(unopened).join('|')}> <folder>`);
  const rooms = roomsOf(app);
  for (const [folder, manifest] of rooms) {
    writeJson(join(target, folder, 'package.json'), manifest);
    copyBuilt(join(folder, 'dist'), target);
  }
  for (const folder of assets[app] ?? []) copyBuilt(folder, target);
  const { name, version, type, license } = readJson('package.json');
  writeJson(join(target, 'package.json'), {
    name,
    version,
    private: true,
    type,
    license,
    workspaces: [...rooms.keys()],
  });
  install(target);
}

/** A manifest without what is for development, and without adapters that are never opened. */
function shipped({ devDependencies: _development, nx: _targets, ...manifest }, adapters) {
  const dependencies = Object.entries(manifest.dependencies ?? {}).filter(
    ([name]) => !adapters.includes(name),
  );
  return { ...manifest, dependencies: Object.fromEntries(dependencies) };
}

function copyBuilt(folder, target) {
  if (!existsSync(join(root, folder))) fail(`${folder} is missing: build first.`);
  cpSync(join(root, folder), join(target, folder), {
    recursive: true,
    filter: (file) => !compilerFile.test(file),
  });
}

/**
 * By the lockfile: the same versions and hashes as everywhere, of which only those that are asked for are
 * taken.
 */
function install(target) {
  const notes = ['package-lock.json', '.npmrc'];
  for (const file of notes) copyFileSync(join(root, file), join(target, file));
  const args = ['ci', '--omit=dev', '--omit=optional', '--ignore-scripts'];
  const { status } = spawnSync('npm', args, { cwd: target, stdio: 'inherit' });
  if (status !== 0) fail(`npm ${args.join(' ')} failed in ${target}.`);
  for (const file of notes) rmSync(join(target, file));
}

function readJson(file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8'));
}

function writeJson(file, value) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
