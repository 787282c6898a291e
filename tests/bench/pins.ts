// Which processor core runs what: the load client must not take time from what it measures. Says what it
// did, for figures of a run that is not pinned do not compare with those of one that is.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export type Role = 'server' | 'store' | 'client';

export interface Pins {
  /** Cores per role as taskset wants them; undefined: nothing is pinned. */
  readonly cores: Readonly<Record<Role, string>> | undefined;
  /** One sentence. */
  readonly sentence: string;
}

/** What this machine allows. */
export function pinsHere(): Pins {
  const allowed = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  const hasTaskset = spawnSync('taskset', ['--version']).status === 0;
  return pinsFor(coresIn(allowed), hasTaskset);
}

/** The client gets the last core; with two, MongoDB shares it: its time is told apart from the chain's. */
export function pinsFor(cores: readonly number[], hasTaskset: boolean): Pins {
  if (!hasTaskset) return { cores: undefined, sentence: 'Nothing is pinned: there is no taskset.' };
  const last = cores.at(-1);
  if (cores.length < 2 || last === undefined)
    return { cores: undefined, sentence: 'Nothing is pinned: there is one core.' };
  const others = cores.slice(0, -1).join(',');
  if (cores.length === 2) {
    return {
      cores: { server: others, store: String(last), client: String(last) },
      sentence: `Load client and mongod on core ${last}, everything else on core ${others}.`,
    };
  }
  return {
    cores: { server: others, store: others, client: String(last) },
    sentence: `Load client on core ${last}, everything else on cores ${others}.`,
  };
}

/** The numbers in a list as `0-2,5`. */
export function coresIn(list: string): number[] {
  return list
    .split(',')
    .filter(Boolean)
    .flatMap((part) => {
      const [first = 0, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, at) => first + at);
    });
}

/** Moves running processes with all their threads. @throws when the kernel refuses */
export function pin({ cores }: Pins, role: Role, pids: readonly number[]): void {
  if (cores) move(cores[role], pids);
}

/** Lets them run on every core, for work that is not measured. */
export function unpin({ cores }: Pins, pids: readonly number[]): void {
  if (cores) move([...new Set(Object.values(cores))].join(','), pids);
}

function move(cores: string, pids: readonly number[]): void {
  for (const pid of pids) {
    const moved = spawnSync('taskset', ['-a', '-c', '-p', cores, String(pid)], { encoding: 'utf8' });
    if (moved.status !== 0) throw new Error(`process ${pid} cannot be pinned: ${moved.stderr.trim()}`);
  }
}
