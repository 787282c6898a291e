// One program in namespaces of its own: mounts, processes and, where given, network. What stands for a
// container where there is no engine. Must never be used outside of the private machine, whose end takes
// everything with it.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendants } from '../house/processes.ts';
import { asUser, type Launch, launchScript } from './launch-script.ts';

const pidTimeoutMs = 10_000;
const pollMs = 10;
const lastLinesMax = 8;

export interface BoxFacts extends Launch {
  readonly name: string;
  /** A file that stands for a network namespace; undefined: the network of the private machine. */
  readonly network: string | undefined;
}

export interface Said {
  /** null when it took too long and was killed. */
  readonly code: number | null;
  readonly output: string;
}

export class Box {
  readonly name: string;
  /** Resolves with the exit code of the program. */
  readonly ended: Promise<number | null>;
  #endCode: number | null | undefined;
  readonly #facts: BoxFacts;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];

  constructor(facts: BoxFacts) {
    this.name = facts.name;
    this.#facts = facts;
    const joined = facts.network === undefined ? [] : ['nsenter', `--net=${facts.network}`];
    const fresh = ['unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'];
    const words = [...joined, ...fresh, 'sh', '-c', launchScript(facts)];
    // `env` finds the first word on PATH and becomes it.
    this.#child = spawn('env', words, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#keep(line));
    }
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => this.#keep(error.message));
      this.#child.once('close', (code) => {
        this.#endCode = code;
        resolve(code);
      });
    });
  }

  /** undefined while it runs; null when a signal ended it. */
  get endCode(): number | null | undefined {
    return this.#endCode;
  }

  get lastWords(): string {
    return this.#lines.join('\n') || 'it said nothing.';
  }

  /** Of the program itself, as this machine counts. @throws when it ended */
  async pid(): Promise<number> {
    const deadline = Date.now() + pidTimeoutMs;
    while (this.#endCode === undefined && Date.now() < deadline) {
      const [first] = descendants(this.#child.pid ?? 0);
      if (first !== undefined) return first;
      await sleep(pollMs);
    }
    throw new Error(`${this.name} does not run:\n${this.lastWords}`);
  }

  /** Runs a command beside the program, as the same user with the same mounts. */
  async execute(command: readonly string[], timeoutMs: number): Promise<Said> {
    const beside = ['--target', String(await this.pid()), '--mount', '--net', '--pid', '--root'];
    const child = spawn('nsenter', [...beside, '--', ...asUser(this.#facts, command)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        output += data.toString();
      });
    }
    return new Promise((resolve) => {
      child.once('error', (error) => resolve({ code: null, output: error.message }));
      child.once('close', (code) => resolve({ code, output }));
    });
  }

  /**
   * SIGTERM, as engines do; SIGKILL after the grace. @returns the exit code, null when it had to be killed
   */
  async stop(graceMs: number): Promise<number | null> {
    if (this.#endCode !== undefined) return this.#endCode;
    process.kill(await this.pid(), 'SIGTERM');
    const late = new AbortController();
    const timeout = sleep(graceMs, undefined, { signal: late.signal }).then(
      () => this.#child.kill('SIGKILL'),
      () => undefined, // It ended in time.
    );
    const code = await this.ended;
    late.abort();
    await timeout;
    return code;
  }

  #keep(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > lastLinesMax) this.#lines.shift();
  }
}
