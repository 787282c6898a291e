// What the kernel says of a process: its CPU time, user and system together, and its resident memory. Linux
// only.
import { readFileSync } from 'node:fs';

/** Of /proc/PID/stat; what getconf CLK_TCK says on Linux. */
const ticksPerSecond = 100;
const microsPerTick = 1_000_000 / ticksPerSecond;

/** Microseconds so far, 0 when the process is gone. */
export function cpuMicros(pid: number): number {
  return cpuMicrosIn(read(pid, 'stat'));
}

/** Resident memory in KiB, 0 when the process is gone. */
export function residentKiB(pid: number): number {
  return residentKiBIn(read(pid, 'status'));
}

/** The children that the process has now. */
export function childrenOf(pid: number): number[] {
  return read(pid, `task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** Of the text of /proc/PID/stat; a program's name may hold spaces and brackets. */
export function cpuMicrosIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(fields[11] ?? 0), Number(fields[12] ?? 0)];
  return (user + system) * microsPerTick;
}

/** Of the text of /proc/PID/status. */
export function residentKiBIn(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // It has ended.
  }
}

/** Process ids by the name under which their figures are added up. */
export type Processes = ReadonlyMap<string, readonly number[]>;

/** What each name has used since the meter was made. */
export class CpuMeter {
  private readonly processes: Processes;
  private readonly before: ReadonlyMap<string, number>;

  constructor(processes: Processes) {
    this.processes = processes;
    this.before = this.read();
  }

  /** Microseconds per name. */
  used(): ReadonlyMap<string, number> {
    return new Map([...this.read()].map(([name, now]) => [name, now - (this.before.get(name) ?? 0)]));
  }

  private read(): Map<string, number> {
    return summed(this.processes, cpuMicros);
  }
}

/** Resident memory in MiB per name, now. */
export function residentMiB(processes: Processes): ReadonlyMap<string, number> {
  return summed(processes, (pid) => residentKiB(pid) / 1024);
}

function summed(processes: Processes, figure: (pid: number) => number): Map<string, number> {
  return new Map(
    [...processes].map(([name, pids]) => [name, pids.reduce((sum, pid) => sum + figure(pid), 0)]),
  );
}
