// Images and containers in a storage of our own, driven by buildah; and what must not be left in it. Must
// never touch the storage of anybody else on this machine.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Image {
  readonly user: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly cwd: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly exposed: readonly string[];
  /** Of all layers. */
  readonly bytes: number;
}

interface ImageConfig {
  readonly config: {
    readonly User?: string;
    readonly Env?: readonly string[];
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly WorkingDir?: string;
    readonly Labels?: Readonly<Record<string, string>>;
    readonly ExposedPorts?: Readonly<Record<string, object>>;
  };
}

const lastCharacters = 4_000;

/** Outside of the checkout; kept from run to run. */
export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'carillon-images');
}

export class Storage {
  readonly folder: string;
  readonly driver: 'overlay' | 'vfs';
  readonly #running = new Set<ChildProcess>();

  private constructor(folder: string, driver: 'overlay' | 'vfs') {
    this.folder = folder;
    this.driver = driver;
  }

  /** Layers are mounted over each other where the kernel does that here, else copied. */
  static open(folder: string): Storage {
    mkdirSync(folder, { recursive: true });
    return new Storage(folder, canOverlay(folder) ? 'overlay' : 'vfs');
  }

  /** What it said on its standard output. @throws with its last words */
  async buildah(...args: readonly string[]): Promise<string> {
    const child = spawn('buildah', [...this.#place(), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, BUILDAH_ISOLATION: 'chroot', STORAGE_DRIVER: this.driver },
      detached: true,
    });
    this.#running.add(child);
    const said = { out: '', all: '' };
    child.stdout.on('data', (data: Buffer) => {
      said.out += data.toString();
      said.all += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      said.all += data.toString();
    });
    const code = await new Promise<number | null>((resolve) => {
      child.once('error', () => resolve(null));
      child.once('close', resolve);
    });
    this.#running.delete(child);
    if (code !== 0)
      throw new Error(`buildah ${args[0]} ended with ${code}:\n${said.all.slice(-lastCharacters)}`);
    return said.out.trim();
  }

  async has(name: string): Promise<boolean> {
    const names = await this.buildah('images', '--format', '{{.Name}}:{{.Tag}}');
    return names.split('\n').includes(name);
  }

  async image(name: string): Promise<Image> {
    const { Config: text } = JSON.parse(await this.buildah('inspect', '--type', 'image', name)) as {
      Config: string;
    };
    const { config } = JSON.parse(text) as ImageConfig;
    const listed = await this.buildah('images', '--json');
    const images = JSON.parse(listed) as { names: string[] | null; size: string }[];
    const { size = '' } = images.find(({ names }) => names?.some((each) => each.endsWith(`/${name}`))) ?? {};
    return {
      user: config.User ?? '',
      environment: environmentOf(config.Env ?? []),
      entrypoint: config.Entrypoint ?? [],
      command: config.Cmd ?? [],
      cwd: config.WorkingDir ?? '/',
      labels: config.Labels ?? {},
      exposed: Object.keys(config.ExposedPorts ?? {}),
      bytes: bytesOf(size),
    };
  }

  /** A folder with the image's files, in which nothing that is written reaches the image. */
  async mounted(name: string): Promise<string> {
    return this.buildah('mount', await this.buildah('from', '--pull-never', name));
  }

  /** Removes containers, also those of a run that was killed, and layers that belong to no named image. */
  async prune(): Promise<void> {
    await this.buildah('rm', '--all');
    await this.buildah('rmi', '--prune');
  }

  /** Ends what is being built now, with all that the build has started. */
  abandon(): void {
    for (const { pid } of this.#running) if (pid) process.kill(-pid, 'SIGKILL');
  }

  /** Removes everything. */
  async clean(): Promise<void> {
    await this.buildah('rm', '--all');
    rmSync(this.folder, { recursive: true, force: true });
  }

  #place(): string[] {
    const place = [
      '--root',
      join(this.folder, this.driver),
      '--runroot',
      join(this.folder, `${this.driver}-run`),
    ];
    return [...place, '--storage-driver', this.driver];
  }
}

/** `362 MB` and `1.18 GB`, as buildah prints them. */
export function bytesOf(text: string): number {
  const [, count = '', unit = ''] = /^([\d.]+) ?([KMG]?)B$/.exec(text) ?? [];
  return Math.round(Number(count) * { '': 1, K: 1e3, M: 1e6, G: 1e9 }[unit as '' | 'K' | 'M' | 'G']);
}

function environmentOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** Tried, for what a kernel can do depends on the file system beneath. */
function canOverlay(folder: string): boolean {
  const trial = join(folder, 'trial');
  const parts = ['lower', 'upper', 'work', 'merged'].map((name) => join(trial, name));
  for (const part of parts) mkdirSync(part, { recursive: true });
  const [lower, upper, work, merged = ''] = parts;
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  const isMounted = spawnSync('mount', ['-t', 'overlay', 'overlay', '-o', options, merged]).status === 0;
  if (isMounted) spawnSync('umount', [merged]);
  rmSync(trial, { recursive: true, force: true });
  return isMounted;
}
