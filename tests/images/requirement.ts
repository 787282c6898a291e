// The programs of this machine that the run needs, installed by apt when that is allowed. Must never go on
// without one.
import { spawnSync } from 'node:child_process';
import { searchPath } from '../../tools/services/binary.ts';

/** Programs, each with the Debian package that has it. */
const packages: Readonly<Record<string, string>> = {
  buildah: 'buildah',
  skopeo: 'skopeo',
  mmdebstrap: 'mmdebstrap',
  haproxy: 'haproxy',
  'redis-cli': 'redis-tools',
  ip: 'iproute2',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  wget: 'wget',
};
/** Some are where only root looks. */
const rootFolders = ['/usr/sbin', '/sbin'];

/** Everything is there when this returns. @throws one sentence that names what is missing */
export function requirePrograms(say: (text: string) => void): void {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new Error('Images are built and run in namespaces, which needs Linux and root: run this as root.');
  // oxlint-disable-next-line no-process-env
  process.env.PATH = [process.env.PATH, ...rootFolders].join(':');
  const first = missingPackages();
  if (first.length > 0 && searchPath('apt-get')) {
    say(`installing ${first.join(', ')} by apt (once)`);
    apt('update', '-qq');
    apt('install', '-y', '-qq', '--no-install-recommends', ...first);
  }
  const still = missingPackages();
  if (still.length > 0)
    throw new Error(
      `Programs are missing: install the Debian packages ${still.join(', ')} and run this again.`,
    );
}

function missingPackages(): string[] {
  const missing = Object.keys(packages).filter((program) => searchPath(program) === undefined);
  return [...new Set(missing.map((program) => packages[program] ?? program))];
}

/** What counts is what is there afterwards. */
function apt(...args: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
}
