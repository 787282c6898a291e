/** `carillon bench`, from command line to exit code. Must never put load anywhere before all is clear. */
import { accessSync, constants, existsSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform, release } from 'node:os';
import { dirname } from 'node:path';
import { Argument, Command } from 'commander';
import type { Desk } from '../desk.js';
import { exitCodes, Fault } from '../fault.js';
import { version } from '../version.js';
import { readKey } from './api-key.js';
import { askConsent, isLoopback } from './consent.js';
import { Crew } from './crew.js';
import { benchOptions, type Given, planOf } from './options.js';
import { jobsOf, type Mode, modes, type Plan } from './plan.js';
import { checkFiles, checkServer } from './preflight.js';
import { printout } from './printout.js';
import { Progress } from './progress.js';
import { reportPage } from './report.js';
import { type BenchResult, type Provenance, resultOf } from './result.js';
import { Target } from './target.js';

const after = `
Modes:
  end-to-end  posts to sockets of its own and checks that every message arrives, in order, once
  connect     opens sockets and holds them
  send        posts only

Exit codes: 0 all was as asked, 1 something was not, 2 the command line, 4 nothing to talk to,
5 the key may not, 130 ended early by Ctrl-C.

Examples:
  carillon bench --key-file data/admin-key --sockets 500 --rate 1000 --duration 30s
  carillon bench connect --key-file data/admin-key --sockets 1000 --rate 200
  carillon bench send --key-file data/admin-key --batch 100 --report bench.html`;

/** The command; tells the exit code of a run that came to its end. */
export function benchCommand(desk: Desk, ended: (code: number) => void): Command {
  const command = new Command('bench')
    .description('Put load on a Carillon, and check what comes of it.')
    .helpOption('-h, --help', 'show this help')
    .addArgument(new Argument('[mode]', 'what to do').choices(modes).default('end-to-end'))
    .addHelpText('after', after);
  for (const option of benchOptions()) command.addOption(option);
  return command.action(async (mode: Mode, given: Given) => ended(await bench(mode, given, desk)));
}

async function bench(mode: Mode, given: Given, desk: Desk): Promise<number> {
  const plan = planOf(mode, given, Math.random);
  const key = readKey(given.keyFile, desk.key);
  checkFiles(plan);
  if (given.report !== undefined) checkPlace(given.report);
  await askConsent(plan, given.yes === true, desk);
  const server = await checkServer(new Target(plan.url, key), plan);
  const progress = new Progress(plan, desk);
  const jobs = jobsOf(plan, key);
  const outturn = await new Crew(jobs, progress).run(desk.stopped).finally(() => progress.done());
  const dealt = { ...plan, workers: jobs.length };
  const result = resultOf(dealt, outturn, provenanceOf(dealt, given, { ...outturn, server: server.version }));
  desk.out(given.json === true ? `${JSON.stringify(result, undefined, 2)}\n` : printout(result, desk));
  if (given.report !== undefined) {
    writeReport(given.report, reportPage(result));
    desk.say(`The report is in ${given.report}.`);
  }
  return codeOf(result, desk);
}

function codeOf(result: BenchResult, desk: Desk): number {
  const { verdict } = result;
  if (verdict.isOk) return exitCodes.ok;
  if (verdict.faults.length === 0) return exitCodes.interrupted;
  desk.say(`Not all was as asked.\nNext: ${nextOf(result)}`);
  return exitCodes.failed;
}

/** The server's own word on a message that is missing; else a smaller load. */
function nextOf({ arrivals, sockets, plan }: BenchResult): string {
  const [lost] = arrivals?.examples ?? [];
  if (lost) {
    const path = `/v1/messages/${lost.id}/deliveries/${lost.user}`;
    return `curl -H "Authorization: Bearer $CARILLON_KEY" ${plan.url}${path}`;
  }
  const { opened = 0, asked = 0 } = sockets ?? {};
  const again = `carillon bench ${plan.mode} --url ${plan.url}`;
  return opened < asked ? `${again} --sockets ${Math.max(1, opened)}` : `${again} --concurrency 1`;
}

/** Before the run, so that a path that cannot be written costs nobody a run. @throws Fault */
function checkPlace(file: string): void {
  try {
    accessSync(existsSync(file) ? file : dirname(file), constants.W_OK);
  } catch (error) {
    throw unwritable(file, error);
  }
}

function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw unwritable(file, error);
  }
}

function unwritable(file: string, error: unknown): Fault {
  const { code } = error as NodeJS.ErrnoException;
  return new Fault('usage', `${file} cannot be written (${code}).`, 'carillon bench --report bench.html');
}

interface Around {
  readonly startedAtMs: number;
  readonly server: string | undefined;
}

function provenanceOf(plan: Plan, given: Given, { startedAtMs, server }: Around): Provenance {
  const model = cpus()[0]?.model.trim() || 'unknown CPU';
  return {
    startedAt: new Date(startedAtMs).toISOString(),
    command: commandOf(plan, given),
    version,
    ...(server !== undefined && { serverVersion: server }),
    node: process.versions.node,
    system: `${platform()} ${release()} ${arch()}`,
    cpus: `${availableParallelism()} × ${model}`,
    isSameMachine: isLoopback(new URL(plan.url).hostname),
  };
}

/** What to type for the same run again: the seed included, the key never. */
function commandOf(plan: Plan, given: Given): string {
  const { url, keyFile, json, report, yes, ...values } = { ...given, seed: plan.seed };
  const words = Object.entries({ url, ...values, ...durationWord(given), keyFile, report })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `--${kebab(name)} ${quoted(String(value))}`);
  const flags = [json === true ? '--json' : '', yes === true ? '--yes' : ''].filter(Boolean);
  return ['carillon bench', plan.mode, ...words, ...flags].join(' ');
}

function durationWord({ duration }: Given): { duration?: string } {
  return duration === undefined ? {} : { duration: `${duration / 1_000}s` };
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** For a shell. */
function quoted(word: string): string {
  return /^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
