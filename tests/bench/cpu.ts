// CPU time of processes, as the kernel counts it: user and system together.
import { readFileSync } from 'node:fs';

/** Of /proc/PID/stat; what getconf CLK_TCK says on Linux. */
const ticksPerSecond = 100;

/** Microseconds so far, 0 when the process is gone. */
export function cpuMicros(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / ticksPerSecond;
  } catch {
    return 0;
  }
}

/** Resident memory in MiB, 0 when the process is gone. */
export function residentMiB(pid: number): number {
  try {
    const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kib) / 1024;
  } catch {
    return 0;
  }
}

/** What each process has used between two calls. */
export class CpuMeter {
  private readonly pids: ReadonlyMap<string, readonly number[]>;
  private readonly before: ReadonlyMap<string, number>;

  constructor(pids: ReadonlyMap<string, readonly number[]>) {
    this.pids = pids;
    this.before = this.read();
  }

  /** Microseconds per name since it was made. */
  used(): ReadonlyMap<string, number> {
    return new Map([...this.read()].map(([name, now]) => [name, now - (this.before.get(name) ?? 0)]));
  }

  private read(): Map<string, number> {
    return new Map(
      [...this.pids].map(([name, pids]) => [name, pids.reduce((sum, pid) => sum + cpuMicros(pid), 0)]),
    );
  }
}
