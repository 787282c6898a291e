// Runs a tool of the house or an app as a child process and keeps what it says, so that a spec that fails can
// show it.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** The checkout. */
export const root = join(import.meta.dirname, '../..');

export interface Options {
  readonly cwd?: string;
  /** Laid over a plain environment. */
  readonly env?: Record<string, string>;
  /** Set up for several tests: whoever starts it ends it. Otherwise it ends with its test. */
  readonly outlivesTest?: boolean;
}

export interface Outcome {
  readonly code: number | null;
  /** Standard output and error, as they came. */
  readonly output: string;
}

/** A running process: `said` waits for a line that matches, `ended` for the end. */
export class Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Outcome>;
  #output = '';
  /** Told when there is more output. */
  readonly #waiting: (() => void)[] = [];

  constructor(args: readonly string[], { cwd = root, env = {}, outlivesTest = false }: Options = {}) {
    this.child = spawn(process.execPath, args, { cwd, env: { ...plainEnvironment(), ...env } });
    // A spec that fails half way must not leave its tool running.
    if (!outlivesTest) onTestFinished(() => void this.child.kill('SIGTERM'));
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (data) => {
        this.#output += data;
        for (const wake of this.#waiting.splice(0)) wake();
      });
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) => resolve({ code, output: this.#output }));
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The first match in the output. @throws with the output if the process ends without it */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    const isOver = this.ended.then(() => true);
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match) return match;
      const more = new Promise<false>((resolve) => this.#waiting.push(() => resolve(false)));
      if (await Promise.race([isOver, more]))
        throw new Error(`It ended without ${pattern}:\n${this.#output}`);
    }
  }
}

/** Runs Node with the arguments to its end. */
export function run(args: readonly string[], options?: Options): Promise<Outcome> {
  return new Command(args, options).ended;
}

/** Our own environment without what vitest and Nx put there, as a person's terminal has it. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:NX_|VITEST|NODE_ENV|FORCE_COLOR)/.test(name),
  );
  return { ...Object.fromEntries(kept), NX_DAEMON: 'false', NO_COLOR: '1' };
}
