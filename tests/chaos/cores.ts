// Who gets a core where all machines of a cluster are one with a few cores. Linux only.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const behind = 10;
/** The kernel lets nobody but root change a group more often. */
const groupRetryMs = 120;

export interface CoreTimes {
  readonly onCoreMs: number;
  /** It could have run and had no core. */
  readonly waitedMs: number;
}

/**
 * From here on all others go before them, as if they had cores of their own. A process that leads a session
 * stands for all that it started in it. @returns gives those that still run their place back, as far as the
 * system lets us
 */
export async function putBehind(pids: readonly number[]): Promise<() => Promise<void>> {
  for (const pid of pids) await rank(pid, behind);
  return async () => {
    for (const pid of pids) if (existsSync(`/proc/${pid}`)) await rank(pid, 0);
  };
}

/** Of the first thread of each, which has the event loop, since it began; all together. */
export function coreTimes(pids: readonly number[]): CoreTimes {
  const times = { onCoreMs: 0, waitedMs: 0 };
  for (const pid of pids) {
    const [onCoreNs, waitedNs] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ').map(Number);
    times.onCoreMs += (onCoreNs ?? Number.NaN) / 1e6;
    times.waitedMs += (waitedNs ?? Number.NaN) / 1e6;
  }
  return times;
}

/** Among its session, and its session among others where the kernel groups by these. */
async function rank(pid: number, nice: number): Promise<void> {
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      setPriority(Number(thread), nice);
    } catch (error) {
      const isGone = codeOf(error) === 'ESRCH';
      const isForRoot = nice === 0 && ['EACCES', 'EPERM'].includes(codeOf(error));
      if (!isGone && !isForRoot) throw error;
    }
  }
  await rankGroup(pid, nice);
}

async function rankGroup(pid: number, nice: number): Promise<void> {
  for (;;) {
    try {
      writeFileSync(`/proc/${pid}/autogroup`, String(nice));
      return;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return; // a kernel without such groups
      if (codeOf(error) !== 'EAGAIN') throw error;
    }
    await sleep(groupRetryMs);
  }
}

/** That of the system call. */
function codeOf(error: unknown): string {
  const { code, info } = error as { code?: string; info?: { code?: string } };
  return info?.code ?? code ?? '';
}
