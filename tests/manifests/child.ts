// One child process of the check, run to its end with what it said kept. Must never wait without a limit, nor
// outlive this process.
import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { dyingWithUs } from '../../tools/services/server.ts';

export interface ChildOptions {
  readonly cwd?: string;
  /** Laid over our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
  /** It is heavy, and others on this machine go first. */
  readonly isNice?: boolean;
}

export interface Outcome {
  readonly isGood: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

const timeoutDefaultMs = 60_000;
const niceness = 5;

/** Resolves at its end, whatever that is; a program that is not there is an outcome that is not good. */
export function runChild(
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<Outcome> {
  const { cwd, env = {}, input = '', timeoutMs = timeoutDefaultMs, isNice = false } = options;
  const [program = command, ...rest] = dyingWithUs([command, ...args]);
  const child = spawn(program, rest, { cwd, env: { ...process.env, ...env }, timeout: timeoutMs });
  if (isNice && child.pid) setPriority(child.pid, niceness);
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  // Who ends before it has read everything has seen enough; its exit code says what it thinks.
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve) => {
    child.once('error', ({ message }) => resolve({ ...said, isGood: false, stderr: message }));
    child.once('close', (code) => resolve({ ...said, isGood: code === 0 }));
  });
}
