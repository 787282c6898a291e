// Processes are put behind others and given their place back.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { coreTimes, putBehind } from './cores.ts';

const busy =
  'for (let n = 0; ; n++) if (n % 1e6 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)';
/** Of sessions; a kernel may be built without. */
const hasGroups = existsSync('/proc/self/autogroup');
let child: ChildProcess;

beforeEach(() => {
  child = spawn(process.execPath, ['-e', busy], { detached: true, stdio: 'ignore' });
});

afterEach(() => child.kill('SIGKILL'));

it('puts a process behind all others, with its session, until it is given its place back', async () => {
  const pid = child.pid ?? 0;
  const giveBack = await putBehind([pid]);
  expect(getPriority(pid)).toBe(10);
  if (hasGroups) expect(niceOfGroup(pid)).toBe('10');
  await giveBack();
  expect(getPriority(pid)).toBe(process.getuid?.() === 0 ? 0 : 10);
  if (hasGroups) expect(niceOfGroup(pid)).toBe('0');
});

it('has nothing to give back to a process that has ended meanwhile', async () => {
  const giveBack = await putBehind([child.pid ?? 0]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await expect(giveBack()).resolves.toBeUndefined();
});

it('refuses a process that is not there', async () => {
  await expect(putBehind([2 ** 22 + 1])).rejects.toThrow('ENOENT');
});

it('counts the time on a core, and the time without one', async () => {
  const pid = child.pid ?? 0;
  const before = coreTimes([pid]);
  await expect
    .poll(() => coreTimes([pid]).onCoreMs - before.onCoreMs, { timeout: 10_000 })
    .toBeGreaterThan(50);
  expect(coreTimes([pid]).waitedMs).toBeGreaterThanOrEqual(before.waitedMs);
  expect(coreTimes([pid, pid]).onCoreMs).toBeGreaterThan(coreTimes([pid]).onCoreMs);
});

/** What the kernel shows of its session. */
function niceOfGroup(pid: number): string | undefined {
  return /nice (-?\d+)/.exec(readFileSync(`/proc/${pid}/autogroup`, 'utf8'))?.[1];
}
