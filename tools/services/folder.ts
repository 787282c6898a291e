// Temporary data folders of servers, each marked with the process that owns it, so that the next start can
// tell a dead run's folder from a living one.
// Must never end a process or remove a folder it cannot prove to be ours.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = 'carillon-';
const ownerFile = 'owner.pid';
const serverFile = 'server.pid';

/**
 * A fresh folder that lives as long as this process; `sweepFolders` of a later run removes it if we cannot.
 */
export function makeFolder(kind: string): string {
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${kind}-`));
  writeFileSync(join(folder, ownerFile), `${process.pid} ${startOf(process.pid)}`);
  return folder;
}

/** Notes which server process works in the folder. */
export function noteServer(folder: string, pid: number): void {
  writeFileSync(join(folder, serverFile), `${pid} ${startOf(pid)}`);
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Ends the servers and removes the folders of runs that were killed outright. Idempotent. */
export function sweepFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const folder = join(tmpdir(), name);
    const owner = readMark(folder, ownerFile);
    if (!owner || isAlive(owner)) continue;
    const server = readMark(folder, serverFile);
    if (server && isAlive(server)) process.kill(server.pid, 'SIGKILL');
    removeFolder(folder);
  }
}

interface Mark {
  readonly pid: number;
  readonly start: string;
}

function readMark(folder: string, file: string): Mark | undefined {
  try {
    const [pid = '', start = ''] = readFileSync(join(folder, file), 'utf8').split(' ');
    return Number(pid) > 1 ? { pid: Number(pid), start } : undefined;
  } catch {
    return undefined; // Not ours, or removed by its owner while we looked.
  }
}

function isAlive(mark: Mark): boolean {
  try {
    process.kill(mark.pid, 0);
    return startOf(mark.pid) === mark.start;
  } catch {
    return false;
  }
}

/** When the process began, in kernel ticks: a pid alone may have been given to somebody else since. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return ''; // No /proc on this system: the pid has to do.
  }
}
