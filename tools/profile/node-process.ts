// A running Node process as /proc shows it, and its inspector, opened by SIGUSR1. Must never signal a process
// that does not catch SIGUSR1: the signal would end it.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from './refusal.ts';

/** Where Node opens its inspector unless it was told otherwise. */
const standardPort = 9_229;
const openWithinMs = 5_000;
const closeWithinMs = 5_000;
const lookEveryMs = 50;
/** SIGUSR1 is number 10 on Linux; /proc counts from bit 0. */
const signalBit = 1n << 9n;
const listening = '0A';

/** @throws Refusal where there is no such process, it is not ours to ask, or it is no Node */
export function checkNode(pid: number): void {
  if (process.platform !== 'linux')
    throw new Refusal('Only Linux shows what a process is: send it SIGUSR1 yourself, and give --port 9229.');
  let program: string;
  let status: string;
  try {
    process.kill(pid, 0);
    program = basename(readlinkSync(`/proc/${pid}/exe`));
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch (error) {
    throw refusalOf(pid, (error as NodeJS.ErrnoException).code);
  }
  const caught = BigInt(`0x${/^SigCgt:\s+([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  if (/^node(?:js)?\b/.test(program) && (caught & signalBit) !== 0n) return;
  const what = /^node(?:js)?\b/.test(program) ? 'was started without its inspector' : 'is no Node process';
  throw new Refusal(`Process ${pid} (${program}) ${what}: give the pid of a running node.`);
}

/** The port of its inspector; `isOurs` when it was this call that opened it. @throws Refusal */
export async function openInspector(pid: number): Promise<{ port: number; isOurs: boolean }> {
  const before = listenersOf(pid);
  const custom = inspectPortOf(pid);
  if (before.has(custom)) return { port: custom, isOurs: false };
  process.kill(pid, 'SIGUSR1');
  for (let waited = 0; waited < openWithinMs; waited += lookEveryMs) {
    await sleep(lookEveryMs);
    const opened = [...listenersOf(pid)].find((port) => !before.has(port));
    if (opened !== undefined) return { port: opened, isOurs: true };
  }
  throw new Refusal(
    `Process ${pid} opened no inspector in ${openWithinMs / 1_000} s: it is stuck, or another process has ` +
      `port ${custom}. Free that port, or start the node with --inspect-port=0.`,
  );
}

/** True once the process no longer listens on the port; false when it still does after a while. */
export async function isClosedSoon(pid: number, port: number): Promise<boolean> {
  for (let waited = 0; waited < closeWithinMs; waited += lookEveryMs) {
    if (!listenersOf(pid).has(port)) return true;
    await sleep(lookEveryMs);
  }
  return false;
}

/** What `--inspect-port` and its kin on the command line say; NODE_OPTIONS is not looked into. */
function inspectPortOf(pid: number): number {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  const said = words.map((word) => /^--inspect(?:-port|-brk|-wait)?=(?:.*:)?(\d+)$/.exec(word)?.[1]);
  return Number(said.findLast((port) => port !== undefined) ?? standardPort);
}

/** The TCP ports on which it listens. */
function listenersOf(pid: number): Set<number> {
  try {
    const sockets = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`)));
    const lines = ['tcp', 'tcp6'].flatMap((table) =>
      readFileSync(`/proc/${pid}/net/${table}`, 'utf8').trim().split('\n').slice(1),
    );
    const own = lines
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === listening && sockets.has(`socket:[${inode}]`));
    return new Set(own.map(([, local = '']) => Number.parseInt(local.split(':')[1] ?? '', 16)));
  } catch (error) {
    throw refusalOf(pid, (error as NodeJS.ErrnoException).code);
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // A file that was closed between the list and this look is none of its sockets.
    return '';
  }
}

function refusalOf(pid: number, code: string | undefined): Refusal {
  return code === 'EPERM' || code === 'EACCES'
    ? new Refusal(`Process ${pid} belongs to another user: run this as that user.`)
    : new Refusal(`There is no process ${pid}: give the pid of a running node.`);
}
