// The clock of one process, moved while it runs: libfaketime of Debian laid over its wall clock, and a file
// that says by how much. Durations stay true. Must never touch the machine's own clock.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programPath } from '../setup/apt.ts';

/** How long the library may believe what the file said before. */
export const clockMovesWithinMs = 1_000;

export class FakedClock {
  /** For the process that is to have it. */
  readonly env: Readonly<Record<string, string>>;
  private readonly file: string;

  private constructor(library: string, file: string) {
    this.file = file;
    this.env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: String(clockMovesWithinMs / 1_000),
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DONT_RESET: '1',
    };
    this.move(0);
  }

  /** A true one, for now. @throws one sentence with the remedy */
  static async in(folder: string, name: string): Promise<FakedClock> {
    return new FakedClock(await libraryPath(), join(folder, `${name}.clock`));
  }

  /** From the true time, within `clockMovesWithinMs`. */
  move(seconds: number): void {
    writeFileSync(this.file, `${seconds < 0 ? '' : '+'}${seconds}s`);
  }
}

async function libraryPath(): Promise<string> {
  await programPath({ title: 'faketime', packageName: 'faketime', names: ['faketime'] });
  const folders = readdirSync('/usr/lib').map((name) => join('/usr/lib', name, 'faketime'));
  const found = folders.map((folder) => join(folder, 'libfaketimeMT.so.1')).find((path) => existsSync(path));
  if (found) return found;
  throw new Error(
    'libfaketimeMT.so.1 is missing: install it (apt install libfaketime) and run the row again.',
  );
}
