// What stands for the official Node image that deploy/Dockerfile is built on: Debian's smallest set of
// packages, made by mmdebstrap, with the pinned Node of this checkout and the npm of this machine. Must
// carry the name that the Dockerfile asks for, and never leave this storage.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { searchPath } from '../../tools/services/binary.ts';
import type { Storage } from './storage.ts';

/** Debian's release of that name is the image's. */
const release = 'bookworm';
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The image that a Dockerfile builds on unless told otherwise: its `ARG NODE=…`. */
export function nodeImageOf(dockerfile: string): string {
  const name = /^ARG NODE=(\S+)$/m.exec(dockerfile)?.[1];
  if (name === undefined) throw new Error('deploy/Dockerfile names no ARG NODE.');
  return name;
}

/** Made once per version of Node; later runs find it in the storage. */
export async function makeNodeImage(
  storage: Storage,
  name: string,
  say: (text: string) => void,
): Promise<void> {
  if (await storage.has(name)) return;
  say(
    `making a stand-in for ${name} of Debian ${release} and Node ${process.version} (once, about a minute)`,
  );
  const archive = join(storage.folder, `${release}.tar`);
  try {
    const made = ['--variant=minbase', '--quiet', release, archive];
    execFileSync('mmdebstrap', made, { stdio: ['ignore', 'ignore', 'inherit'] });
    const container = await storage.buildah('from', 'scratch');
    const root = await storage.buildah('mount', container);
    execFileSync('tar', ['--extract', '--file', archive, '--directory', root]);
    addNode(root);
    await storage.buildah('config', '--env', `PATH=${path}`, '--cmd', 'node', container);
    await storage.buildah('commit', '--quiet', '--rm', container, name);
  } finally {
    rmSync(archive, { force: true });
  }
}

function addNode(root: string): void {
  cpSync(realpathSync(process.execPath), join(root, 'usr/local/bin/node'));
  const modules = join(root, 'usr/local/lib/node_modules');
  cpSync(npmFolder(), join(modules, 'npm'), { recursive: true });
  for (const name of ['npm', 'npx'])
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(root, 'usr/local/bin', name));
}

/** @throws where npm is not a folder of JavaScript */
function npmFolder(): string {
  const program = searchPath('npm');
  const folder = program && dirname(dirname(realpathSync(program)));
  if (!folder || !existsSync(join(folder, 'bin/npm-cli.js')))
    throw new Error('npm is missing: install Node with npm.');
  return folder;
}
