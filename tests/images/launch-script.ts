// The shell script that turns fresh namespaces into what a container sees: its root, its mounts, its user.
// It runs as the first process of the namespaces and ends by becoming the program. Must touch nothing
// outside of them.

export interface Bind {
  /** A file or folder of this machine. */
  readonly from: string;
  /** Inside the root; must be there unless the root is writable here. */
  readonly to: string;
  readonly isReadOnly: boolean;
}

export interface Launch {
  /** A folder of this machine that becomes `/`. */
  readonly root: string;
  /**
   * `image`: the root has all that is needed. `machine`: the root is an empty folder, on which the programs
   * and libraries of this machine are laid, read-only.
   */
  readonly kind: 'image' | 'machine';
  readonly binds: readonly Bind[];
  readonly tmpfs: readonly string[];
  readonly isReadOnly: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly user: UserFacts;
  readonly command: readonly string[];
}

export interface UserFacts {
  /** `uid:gid`. */
  readonly id: string;
  readonly hasNoCapabilities: boolean;
  readonly hasNoNewPrivileges: boolean;
}

/** What is the same for the program and for what is executed beside it later. */
export type Inside = Pick<Launch, 'environment' | 'cwd' | 'user'>;

/** For `sh -c`. */
export function launchScript(launch: Launch): string {
  const { root, kind, binds, tmpfs, isReadOnly } = launch;
  const lines = [
    'set -e',
    ...(kind === 'image' ? [mount('--bind', root, root)] : machineLines(root)),
    mount('-t', 'proc', 'proc', `${root}/proc`),
    mount('--rbind', '/dev', `${root}/dev`),
    ...tmpfs.map((path) => mount('-t', 'tmpfs', '-o', 'mode=1777,nosuid,nodev', 'tmpfs', root + path)),
    ...binds.flatMap((bind) => bindLines(root, bind)),
    ...(isReadOnly ? [mount('-o', 'remount,bind,ro', root)] : []),
    `exec ${quoted(['chroot', root, ...asUser(launch, launch.command)])}`,
  ];
  return lines.join('\n');
}

/** The command as the user, in an environment of its own: for the inside of a root. */
export function asUser({ user, environment, cwd }: Inside, command: readonly string[]): string[] {
  const [uid = '', gid = ''] = user.id.split(':');
  return [
    ...['setpriv', '--reuid', uid, '--regid', gid, '--clear-groups'],
    ...(user.hasNoCapabilities ? ['--bounding-set=-all', '--inh-caps=-all'] : []),
    ...(user.hasNoNewPrivileges ? ['--no-new-privs'] : []),
    ...['env', '-i', '-C', cwd, ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)],
    ...command,
  ];
}

/** Words for a POSIX shell. */
export function quoted(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}

/** /usr/local is empty there, for what is bound into it. */
function machineLines(root: string): string[] {
  const folders = ['usr', 'etc', 'proc', 'dev', 'tmp', 'data/db'].map((folder) => `${root}/${folder}`);
  return [
    mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', root),
    quoted(['mkdir', '-p', ...folders]),
    `for name in bin sbin lib lib32 lib64 libx32; do`,
    `  if [ -L "/$name" ]; then cp -P "/$name" ${quoted([root])}/; fi`,
    'done',
    mount('--bind', '/usr', `${root}/usr`),
    mount('-o', 'remount,bind,ro', `${root}/usr`),
    mount('--bind', '/etc', `${root}/etc`),
    mount('-o', 'remount,bind,ro', `${root}/etc`),
    mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', `${root}/usr/local`),
  ];
}

function bindLines(root: string, { from, to, isReadOnly }: Bind): string[] {
  const target = root + to;
  const [quotedFrom, quotedTo] = [quoted([from]), quoted([target])];
  return [
    `if [ -d ${quotedFrom} ]; then mkdir -p ${quotedTo}; else`,
    `  mkdir -p "$(dirname ${quotedTo})"; [ -e ${quotedTo} ] || : > ${quotedTo}; fi`,
    mount('--bind', from, target),
    ...(isReadOnly ? [mount('-o', 'remount,bind,ro', target)] : []),
  ];
}

function mount(...words: readonly string[]): string {
  return quoted(['mount', ...words]);
}
