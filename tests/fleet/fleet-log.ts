// What the fleet saw, as JSON lines in a file of its own, outside the system. `flush` returns when the lines
// are with the operating system, so that a kill of this process loses nothing that was acknowledged.
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const pieceBytes = 1_048_576;

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
  return [...eachLine<T>(path)];
}

/** The same one after the other, for files that do not fit into a text. */
export function* eachLine<T>(path: string): Generator<T> {
  let rest = '';
  for (const piece of pieces(path)) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield JSON.parse(line) as T;
  }
  if (rest !== '') yield JSON.parse(rest) as T;
}

function* pieces(path: string): Generator<string> {
  const file = openSync(path, 'r');
  const piece = Buffer.alloc(pieceBytes);
  const decoder = new StringDecoder('utf8');
  try {
    for (let bytes = readSync(file, piece); bytes > 0; bytes = readSync(file, piece)) {
      yield decoder.write(piece.subarray(0, bytes));
    }
  } finally {
    closeSync(file);
  }
}
