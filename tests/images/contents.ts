// What is in an image's files, held against what may be there: judged from the files themselves, not from
// the Dockerfile.
import { existsSync, globSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFlagsOf } from '../../tools/cluster/app.ts';
import { judged, type Row } from './report.ts';
import type { Image } from './storage.ts';

export interface Inspected {
  readonly app: string;
  /** The image's files. */
  readonly root: string;
  readonly image: Image;
  readonly version: string;
  /** The checkout's lockfile: path → what is said of the package. */
  readonly locked: Readonly<Record<string, LockedPackage>>;
  /** Drivers that the app loads, of those in `drivers`. */
  readonly usedDrivers: readonly string[];
}

export interface LockedPackage {
  readonly version?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

/** Packages that talk to servers. */
export const drivers = ['ioredis', 'mongoose', 'nats'] as const;

const runtimeUser = '10001:10001';
const megabyte = 1_000_000;
/** Files that are of no use at run time, or must not be public. */
const strays = ['**/*.spec.*', '**/*.fixture.*', '**/*.tsbuildinfo', '**/src/**', '**/*.ts', '**/*.tsx'];
const secrets = ['app/**/.npmrc', 'app/**/.env*', 'app/*.pem', 'root/.npmrc', 'root/.npm', 'src', 'out'];

export function contentRows(inspected: Inspected): Row[] {
  const { app, root, image, version } = inspected;
  const files = walk(join(root, 'app'));
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const rows: Row[] = [
    { what: 'size of /app', is: megabytes(bytes) },
    { what: 'size of the image', is: megabytes(image.bytes) },
    judged('user', { is: image.user, must: runtimeUser }),
    judged('what it starts', {
      is: [...image.entrypoint, ...image.command].join(' '),
      must: ['node', ...nodeFlagsOf(app), `apps/${app}/dist/main.js`].join(' '),
    }),
    judged('labels', { is: labelsOf(image), must: `carillon-${app} ${version} Apache-2.0` }),
    judged('packages not in the lockfile as run-time packages', {
      is: list(strangePackages(inspected)),
      must: 'none',
    }),
    judged('drivers', { is: list(driversIn(root)), must: list(inspected.usedDrivers) }),
    judged('sources, specs, build notes', { is: list(straysIn(root)), must: 'none' }),
    judged('keys, settings, leftovers', { is: list(globSync(secrets, { cwd: root })), must: 'none' }),
    judged('files in /app that the user may change', {
      is: list(files.filter(({ isOpen }) => isOpen).map(({ path }) => path)),
      must: 'none',
    }),
  ];
  return rows.map((row) => ({ ...row, what: `${app}: ${row.what}` }));
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / megabyte)} MB`;
}

/** `none`, or the first few. */
export function list(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  if (names.length === 0) return 'none';
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

/** npm's own note of what it installed, against the lockfile of the checkout. */
export function strangePackages({ root, locked }: Pick<Inspected, 'root' | 'locked'>): string[] {
  const note = join(root, 'app/node_modules/.package-lock.json');
  const { packages } = JSON.parse(readFileSync(note, 'utf8')) as { packages: Record<string, LockedPackage> };
  return Object.entries(packages)
    .filter(([path, { link, version }]) => {
      const wanted = locked[path];
      if (link || !path.includes('node_modules')) return wanted === undefined;
      return !wanted || wanted.version !== version || wanted.dev === true || wanted.optional === true;
    })
    .map(([path]) => path);
}

function driversIn(root: string): string[] {
  return drivers.filter((driver) => existsSync(join(root, 'app/node_modules', driver)));
}

/** Only in our own rooms: what packages of others bring is theirs. */
function straysIn(root: string): string[] {
  const rooms = ['apps', 'libs', 'examples'].flatMap((folder) =>
    strays.map((stray) => `app/${folder}/${stray}`),
  );
  return globSync(rooms, { cwd: root });
}

function labelsOf({ labels }: Image): string {
  return ['title', 'version', 'licenses'].map((name) => labels[`org.opencontainers.image.${name}`]).join(' ');
}

interface SeenFile {
  readonly path: string;
  readonly size: number;
  readonly isOpen: boolean;
}

function walk(folder: string): SeenFile[] {
  return globSync('**', { cwd: folder, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { size, mode, uid } = lstatSync(path);
      const isOpen = !entry.isSymbolicLink() && (uid !== 0 || (mode & 0o002) !== 0);
      return { path: path.slice(folder.length + 1), size, isOpen };
    });
}
