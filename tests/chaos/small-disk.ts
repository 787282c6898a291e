// A small file system under the data of one member of the store, which can be filled. Needs root. Must never
// leave a mount behind.
import { execFile, execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { MongoMember } from '../../tools/services/mongo.ts';

const run = promisify(execFile);
/** For a member's journal, of which it makes new files when it starts. */
const spareMiB = 500;
const pieceBytes = 1_048_576;
const grainBytes = 4_096;
const mounted = new Set<string>();
process.on('exit', () => {
  for (const folder of mounted) execFileSync('umount', ['--lazy', folder]);
});

export class SmallDisk {
  readonly member: MongoMember;
  private readonly folder: string;

  private constructor(member: MongoMember, folder: string) {
    this.member = member;
    this.folder = folder;
  }

  /** Moves the member's data there; it runs again afterwards. @throws Error when we are not root */
  static async under(member: MongoMember): Promise<SmallDisk> {
    if (process.getuid?.() !== 0) throw new Error('a full disk needs root, to mount a small file system');
    const folder = folderOf(member);
    await member.kill();
    const disk = new SmallDisk(member, folder);
    await disk.moved(async () => {
      const { stdout } = await run('du', ['-sm', folder]);
      const sizeMiB = Number.parseInt(stdout, 10) + spareMiB;
      await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'tmpfs', folder]);
      mounted.add(folder);
    });
    await member.restart();
    return disk;
  }

  /** Not a byte is free any more. */
  fill(): void {
    const file = openSync(join(this.folder, 'filler'), 'w');
    try {
      for (const bytes of [pieceBytes, grainBytes]) while (hasWritten(file, bytes));
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(join(this.folder, 'filler'), { force: true });
  }

  /** The data is where it was; the member runs. */
  async remove(): Promise<void> {
    this.free();
    await this.member.kill();
    await this.moved(async () => {
      await run('umount', [this.folder]);
      mounted.delete(this.folder);
    });
    await this.member.restart();
  }

  /** What is in the folder before is in it afterwards, too. */
  private async moved(change: () => Promise<void>): Promise<void> {
    const aside = `${this.folder}.aside`;
    await run('rm', ['-rf', aside]);
    await run('cp', ['-a', '--sparse=always', this.folder, aside]);
    await change();
    await run('cp', ['-a', '--sparse=never', `${aside}/.`, this.folder]);
    await run('rm', ['-rf', aside]);
  }
}

/** As the member was started with. */
function folderOf({ pid }: MongoMember): string {
  const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  const folder = args[args.indexOf('--dbpath') + 1];
  if (!folder) throw new Error('the member does not say where its data is');
  return folder;
}

function hasWritten(file: number, bytes: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(bytes)) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
