// Writes what became of rows into docs/reference/faults.md. Runs of one commit add up; the first run of
// another commit begins anew. Must never say of a row what was not measured.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findBinary } from '../../tools/services/binary.ts';
import type { Outcome } from './performance.ts';
import { rows } from './rows.ts';

const root = join(import.meta.dirname, '../..');
const page = join(root, 'docs/reference/faults.md');
const begin = '<!-- results -->';
const end = '<!-- end -->';

/** A line of the table; `violations` counts broken promises, `held` runs that met the bound of the row. */
interface Line {
  readonly row: string;
  readonly broken: string;
  readonly outcome: string;
  readonly runs: number;
  readonly messages: number;
  readonly violations: number;
  readonly held: number;
  readonly longestMs: number;
  readonly liveShare: string;
  readonly seeds: string;
  readonly commit: string;
}

const nothing = { runs: 0, messages: 0, violations: 0, held: 0, longestMs: 0, seeds: '' };

const heads = [
  ...['row', 'what is broken', 'required outcome', 'runs', 'messages', 'violations', 'bound held'],
  ...['longest delay, ms', 'live, %', 'seeds', 'commit'],
];

export function record(outcome: Outcome): void {
  const lines = read();
  const { row } = outcome.row;
  const line = merge(lines.get(row), outcome, commitOf());
  lines.set(row, line);
  writeFileSync(page, render(lines));
}

function merge(before: Line | undefined, outcome: Outcome, commit: string): Line {
  const { row, history, seed, isBoundHeld } = outcome;
  const old = before?.commit === commit ? before : nothing;
  return {
    row: row.row,
    broken: row.broken,
    outcome: row.outcome,
    runs: old.runs + 1,
    messages: old.messages + history.verdict.acknowledged,
    violations: old.violations + history.violations,
    held: old.held + (isBoundHeld ? 1 : 0),
    longestMs: Math.max(old.longestMs, history.longestMs),
    liveShare: (history.parts.liveShare * 100).toFixed(1),
    seeds: [...new Set([...old.seeds.split(' '), String(seed)])].join(' ').trim(),
    commit,
  };
}

function read(): Map<string, Line> {
  if (!existsSync(page)) return new Map();
  const text = readFileSync(page, 'utf8');
  const body = text.slice(text.indexOf(begin), text.indexOf(end));
  const lines = body.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| row '));
  return new Map(
    lines.map((line) => lineOf(line.split('|').map((cell) => cell.trim()))).map((one) => [one.row, one]),
  );
}

/** The first and the last cell are what is outside of the outer bars. */
function lineOf(cells: readonly string[]): Line {
  const text = (at: number) => cells[at] ?? '';
  return {
    row: text(1),
    broken: text(2),
    outcome: text(3),
    runs: Number(text(4)),
    messages: Number(text(5)),
    violations: Number(text(6)),
    held: Number.parseInt(text(7), 10),
    longestMs: Number(text(8)),
    liveShare: text(9),
    seeds: text(10),
    commit: text(11),
  };
}

function render(lines: ReadonlyMap<string, Line>): string {
  const body = rows.flatMap(({ row }) => {
    const line = lines.get(row);
    return line ? [rowOf(line)] : [];
  });
  const missing = rows.filter(({ row }) => !lines.has(row)).map(({ row }) => row);
  const cells = (each: readonly string[]) => `| ${each.join(' | ')} |`;
  const absent = missing.length === 0 ? [] : ['', `Not run yet: ${missing.join(', ')}.`];
  return [
    ...[intro, '', versions(), '', begin, cells(heads), cells(heads.map(() => '---'))],
    ...[...body, end, ...absent, '', closing, ''],
  ].join('\n');
}

function rowOf(line: Line): string {
  const { row, broken, outcome, runs, messages, violations, held, longestMs, liveShare, seeds, commit } =
    line;
  const figures = [runs, messages, violations, `${held} of ${runs}`, longestMs, liveShare];
  return `| ${[row, broken, outcome, ...figures, seeds, commit].join(' | ')} |`;
}

/** With `+` behind it when the product has changes beside it. */
function commitOf(): string {
  const changes = git('status', '--porcelain', 'apps', 'libs');
  return `${git('rev-parse', '--short', 'HEAD')}${changes === '' ? '' : '+'}`;
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}

function versions(): string {
  const packages = ['mongodb', 'ioredis', 'ws'].map((name) => {
    const file = join(root, 'node_modules', name, 'package.json');
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
    return `${name} ${version}`;
  });
  return `The last run was with Node ${process.versions.node}, ${[...servers, ...packages].join(', ')}.`;
}

/** As the servers say it themselves. */
const servers = await Promise.all([
  serverVersion('mongod', /v(\d[\d.]+)/),
  serverVersion('redis-server', /v=(\d[\d.]+)/),
  serverVersion('nats-server', /v(\d[\d.]+)/),
]);

async function serverVersion(name: Parameters<typeof findBinary>[0], pattern: RegExp): Promise<string> {
  const text = execFileSync(await findBinary(name), ['--version'], { encoding: 'utf8' });
  return `${name} ${pattern.exec(text)?.[1] ?? 'of unknown version'}`;
}

const intro = `# Faults

What was broken on purpose, and what became of it: real processes (1 Auth, 2 Collect, 2 Dispatch, 3 Push,
MongoDB with three members, Redis, NATS) on one machine. A fleet and a poster outside of them write down what
they saw. After each row everything is healed; then a checker holds every 202 against what every device got
and what the store holds. Made by \`npm run chaos -- <row>\`; only the sentences are by hand.`;

const closing = `*violations* adds up, over all runs of a row: promised and missing, again after its ack or
more than a window again, out of order, something left out, moved to another place, at somebody else, a resume
denied, skipped without a reason, holes in the store, acknowledged and not in the store, twice in a log. A row
that brings one of these about on purpose judges it itself: 30 and 31 resumes denied, 31 what the restore
takes away, 35 skips of poison. *bound held* counts the runs that met the outcome's own figures, too.
Delays count from the 202 and include the fault itself. A bound that was missed is tried once
more. All runs of a row on one commit are counted; another commit begins anew.
A \`+\` behind a commit: with changes to the product that were not committed yet.

Rows 27, 28, 31, 33 to 37 also post to \`all\` and to topics, which some devices ask for and some are members
of; a device is owed what was accepted while it followed. 27, 29 and 32 need libfaketime, HAProxy and root,
and fail without. The soak (37) is run when it is named, \`npm run chaos -- 37 --minutes 60\`.

In row 23 all others stand behind the Push nodes for their turn on a core, as in a cluster nobody takes a
node's cores away. Where all had the same right to the two cores, a node had one for a fifth of the time that
it could have used it, and its event loop was 241 to 530 ms late (ten runs), while it spent at most 46 ms on a
core between two of its timers (five runs).`;
