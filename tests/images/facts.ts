// What the kernel says of a running program: who it is, and what it may.
import { readFileSync } from 'node:fs';
import type { Box } from './box.ts';

/** What Linux counts CPU time in. */
const tickMs = 10;

/** `uid 10001, gid 10001, no capabilities, no new privileges`. */
export async function privilegesOf(box: Box): Promise<string> {
  const status = readFileSync(`/proc/${await box.pid()}/status`, 'utf8');
  const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? '';
  const isBare = ['CapEff', 'CapPrm', 'CapBnd'].every((name) => /^0+$/.test(field(name)));
  return [
    `uid ${field('Uid')}`,
    `gid ${field('Gid')}`,
    isBare ? 'no capabilities' : `capabilities ${field('CapEff')}`,
    field('NoNewPrivs') === '1' ? 'no new privileges' : 'may get new privileges',
  ].join(', ');
}

/**
 * Of the program and its threads since its start, in milliseconds: does not depend on what else runs here.
 */
export async function cpuMsOf(box: Box): Promise<number> {
  const stat = readFileSync(`/proc/${await box.pid()}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user = 0, system = 0] = fields.slice(11, 13).map(Number);
  return (user + system) * tickMs;
}

const tryToWrite = (path: string) =>
  `require('fs').writeFile('${path}/x','',(e)=>console.log(e?e.code:'written'))`;
const writeTimeoutMs = 10_000;

/** What becomes of a file written at each path: `written`, or the error's code. */
export async function writesOf(box: Box, paths: readonly string[]): Promise<string> {
  const outcomes: string[] = [];
  for (const path of paths) {
    const { output } = await box.execute(['node', '-e', tryToWrite(path)], writeTimeoutMs);
    outcomes.push(`${path} ${output.trim()}`);
  }
  return outcomes.join(', ');
}
