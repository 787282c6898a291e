// What the fleet saw, as JSON lines in a file of its own, outside the system. `flush` returns when the lines
// are with the operating system, so that a kill of this process loses nothing that was acknowledged.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

export class FleetLog {
  private readonly file: number;
  private lines: string[] = [];

  constructor(path: string) {
    this.file = openSync(path, 'a');
  }

  write(line: Record<string, unknown>): void {
    this.lines.push(JSON.stringify(line));
  }

  flush(): void {
    if (this.lines.length === 0) return;
    writeSync(this.file, `${this.lines.join('\n')}\n`);
    this.lines = [];
  }

  close(): void {
    this.flush();
    closeSync(this.file);
  }
}

/** The lines of a log file. */
export function readLines<T>(path: string): T[] {
  const text = readFileSync(path, 'utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as T]));
}
