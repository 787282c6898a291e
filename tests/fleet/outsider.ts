// A process outside of the system (fleet, poster), told and heard over IPC. Ends with its parent.
import { type ChildProcess, fork } from 'node:child_process';

const lookEveryMs = 50;

export class Outsider<Command, Status> {
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  private readonly child: ChildProcess;
  private last: Status | undefined;
  private exitCode: number | null | undefined;

  constructor(program: URL, env: Readonly<Record<string, string>>) {
    this.child = fork(program, {
      env: { ...process.env, ...env },
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    this.child.on('message', (status) => {
      this.last = status as Status;
    });
    this.ended = new Promise((resolve) => {
      this.child.once('exit', (code) => {
        this.exitCode = code;
        resolve();
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  tell(command: Command): void {
    this.child.send(command as object);
  }

  /** The first status that fits. @throws Error when none does in time, or the process ended without. */
  async until(isIt: (status: Status) => boolean, timeoutMs: number, what: string): Promise<Status> {
    const status = await this.wait(isIt, timeoutMs);
    if (status && isIt(status)) return status;
    throw new Error(`not reached: ${what}; last heard ${JSON.stringify(this.last)}`);
  }

  /** The first status that fits, or the last one when time is up or the process has ended. */
  async wait(isIt: (status: Status) => boolean, timeoutMs: number): Promise<Status | undefined> {
    const end = Date.now() + timeoutMs;
    while (Date.now() < end && this.exitCode === undefined) {
      if (this.last && isIt(this.last)) return this.last;
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
    return this.last;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
