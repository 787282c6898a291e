// `npm run bench -- [scenario …] [--rounds N] [--quick] [--huge] [--out FILE] [--list]`: measures what
// Carillon costs side by side with its peers and writes the page of figures. Never part of the tests. Exits
// with 1 when a budget is left by more than the tolerance or a scenario could not be measured, but writes
// its tables all the same.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type BenchArguments, readArguments } from './arguments.ts';
import { buildLoadClient } from './load-client.ts';
import { machineFacts } from './machine.ts';
import { raiseOpenFiles } from './open-files.ts';
import { budgetTable, emptyPage, failedSection, type Run, sectionOf, withSection } from './page.ts';
import { pin, pinsHere } from './pins.ts';
import { svg } from './plot.ts';
import { Progress } from './progress.ts';
import { Resources } from './resources.ts';
import { type Bench, NotMeasurable, type Outcome, type Scenario } from './scenario.ts';
import { allScenarios } from './scenarios/all.ts';
import { figure, markdownTable } from './table.ts';
import { verdictOn } from './verdict.ts';

const pageDefault = join(import.meta.dirname, '../../docs/reference/benchmarks.md');
const plotFolder = 'benchmarks';
const usage = 2;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const asked = argumentsOf(argv);
  if (!asked) return usage;
  if (asked.isList) {
    for (const { name, title } of allScenarios) console.log(`${name.padEnd(16)} ${title}`);
    return 0;
  }
  const scenarios = allScenarios.filter(({ name }) => asked.scenarios.includes(name));
  const socketsMax = raiseOpenFiles();
  const pins = pinsHere();
  pin(pins, 'client', [process.pid]);
  const progress = new Progress(scenarios, asked, {
    write: (line) => console.error(line),
    nowMs: () => performance.now(),
  });
  const bench: Bench = {
    ...asked,
    program: buildLoadClient(),
    pins,
    socketsMax,
    progress,
    resources: new Resources(),
  };
  const run: Run = {
    date: new Date().toISOString().slice(0, 10),
    command: ['npm run bench --', ...argv].join(' '),
    rounds: asked.rounds,
    facts: await machineFacts(),
    pins: pins.sentence,
  };
  const faults: string[] = [];
  for (const scenario of scenarios) faults.push(...(await measure(scenario, bench, { asked, run })));
  for (const fault of faults) console.log(`FAULT  ${fault}`);
  console.log(faults.length === 0 ? 'bench: no faults' : `bench: ${faults.length} faults`);
  return faults.length === 0 ? 0 : 1;
}

function argumentsOf(argv: readonly string[]): BenchArguments | undefined {
  try {
    return readArguments(
      argv,
      allScenarios.map(({ name }) => name),
    );
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(`bench: ${error.message}`);
    return undefined;
  }
}

/** @returns a sentence for each fault */
async function measure(
  scenario: Scenario,
  bench: Bench,
  { asked, run }: { readonly asked: BenchArguments; readonly run: Run },
): Promise<string[]> {
  bench.progress.next();
  const page = resolve(asked.page ?? pageDefault);
  try {
    const outcome = await scenario.run(bench);
    print(scenario, outcome);
    write(page, scenario, sectionOf(scenario, outcome, { ...run, plotFolder: plotsOf(page) }));
    writePlots(page, outcome);
    return faultsOf(scenario, outcome);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.error(error instanceof NotMeasurable ? reason : error);
    write(page, scenario, failedSection(scenario, reason, run));
    return [`${scenario.name}: not measured: ${reason}`];
  } finally {
    await bench.resources.stop();
  }
}

function faultsOf({ name }: Scenario, { budgets, absent }: Outcome): string[] {
  const over = budgets.filter((budget) => verdictOn(budget) === 'over');
  return [
    ...over.map(
      (budget) =>
        `${name}: ${budget.what}: ${figure(budget.figure)} ${budget.unit}, at most ${figure(budget.atMost)}`,
    ),
    ...absent.filter(({ isOurs }) => isOurs).map(({ reason }) => `${name}: not measured: ${reason}`),
  ];
}

function print(scenario: Scenario, outcome: Outcome): void {
  console.log(`\n## ${scenario.title}\n`);
  for (const table of outcome.tables) console.log(`${markdownTable(table)}\n`);
  for (const { name, reason } of outcome.absent) console.log(`${name}: NOT MEASURED: ${reason}\n`);
  if (outcome.budgets.length > 0) console.log(`${markdownTable(budgetTable(outcome))}\n`);
}

function write(page: string, scenario: Scenario, section: string): void {
  mkdirSync(dirname(page), { recursive: true });
  const before = existsSync(page) ? readFileSync(page, 'utf8') : emptyPage(allScenarios);
  writeFileSync(page, withSection(before, scenario.name, section));
}

function writePlots(page: string, { plots }: Outcome): void {
  const folder = join(dirname(page), plotsOf(page));
  mkdirSync(folder, { recursive: true });
  for (const plot of plots) writeFileSync(join(folder, `${plot.name}.svg`), svg(plot));
}

/** Beside the page: `benchmarks` for benchmarks.md. */
function plotsOf(page: string): string {
  return asFolder(basename(page)) || plotFolder;
}

function asFolder(file: string): string {
  return file.replace(/\.md$/, '');
}
