// The page of figures: one section per scenario between markers, so that one can be measured again by
// itself. Pure; must never touch what is outside of the section it writes.
import type { Outcome, Scenario } from './scenario.ts';
import { figure, markdownTable, type Table } from './table.ts';
import { tolerance, verdictOn } from './verdict.ts';

/** How a section was measured. */
export interface Run {
  readonly date: string;
  readonly command: string;
  readonly rounds: number;
  readonly facts: readonly string[];
  readonly pins: string;
}

/** The page without any figure. */
export function emptyPage(scenarios: readonly Scenario[]): string {
  const sections = scenarios.map((scenario) =>
    wrapped(scenario.name, `## ${scenario.title}\n\n${scenario.about}\n\nNot measured yet.`),
  );
  return `${[intro, ...sections].join('\n\n')}\n`;
}

/** The page with the section of this scenario replaced, or added at its place. */
export function withSection(page: string, name: string, section: string): string {
  const [start, end] = [page.indexOf(opening(name)), page.indexOf(closing(name))];
  const written = wrapped(name, section);
  if (start < 0 || end < start) return `${page.trimEnd()}\n\n${written}\n`;
  return page.slice(0, start) + written + page.slice(end + closing(name).length);
}

/** One scenario with all that it gave. `plotFolder` is seen from the page. */
export function sectionOf(scenario: Scenario, outcome: Outcome, run: Run & { plotFolder: string }): string {
  const plots = outcome.plots.map(({ name, title }) => `![${title}](${run.plotFolder}/${name}.svg)`);
  return [
    `## ${scenario.title}`,
    scenario.about,
    outcome.setting.join(' '),
    ...outcome.tables.map(markdownTable),
    ...(outcome.absent.length > 0
      ? [outcome.absent.map(({ name, reason }) => `**${name}: not measured: ${reason}**`).join('\n\n')]
      : []),
    ...(outcome.budgets.length > 0 ? [markdownTable(budgetTable(outcome))] : []),
    ...plots,
    `${howMeasured(run)}`,
  ].join('\n\n');
}

/** A scenario that ended with an error instead of figures. */
export function failedSection(scenario: Scenario, reason: string, run: Run): string {
  return [`## ${scenario.title}`, scenario.about, `**Not measured: ${reason}**`, howMeasured(run)].join(
    '\n\n',
  );
}

export function budgetTable({ budgets }: Pick<Outcome, 'budgets'>): Table {
  return {
    caption: '',
    head: ['budget', 'at most', 'measured', 'verdict'],
    rows: budgets.map((budget) => [
      budget.what,
      `${figure(budget.atMost)} ${budget.unit}`,
      `${figure(budget.figure)} ${budget.unit}`,
      verdictOn(budget),
    ]),
  };
}

function howMeasured({ date, command, rounds, facts, pins }: Run): string {
  const lines = [`${date}, \`${command}\`, ${rounds} rounds`, ...facts, `loopback only. ${pins}`];
  return lines.map((line) => `- ${line}`).join('\n');
}

const intro = `# Benchmarks

Made by \`npm run bench\`; each section by \`npm run bench -- NAME\`, NAME as in its marker. Everything
runs on one machine and talks over loopback. Times drift from machine to machine and from hour to hour by
a factor of two: **compare within one table only**. Costs are CPU time of the server processes (user and
system) per delivered message, in µs; the contestants of a table were measured in turns, and the figure is
the median of the rounds, *best* the lowest of them. A ratio is the median of the rounds' ratios. A budget
fails beyond ${Math.round(tolerance * 100)} % above it.

The load client is compiled, counts receipts and checks the place of every message; a run with one out of
place gives no figures. *chain* is Auth, Collect, Dispatch, Push, nats-server and redis-server together;
mongod is shown beside it: it does what the peers do not do. It has 4 GiB of cache and an oplog of 990 MiB.

Centrifugo cannot be installed where this is measured. Its figures, *measured elsewhere*, once, beside the
same \`ws\` loop: fan-out 2.4 × the pre-framed loop, with 16 messages per client and flush 4.8 to 16 ×;
the whole chain 5.5 to 8.7 × with Redis and history, 6.8 single; 46 to 59 KiB per idle connection; 5,000
clients back in 0.7 to 0.96 s at 150 to 190 µs each. It acknowledges at most once and has no receipts.`;

const opening = (name: string) => `<!-- bench: ${name} -->`;
const closing = (name: string) => `<!-- bench end: ${name} -->`;

function wrapped(name: string, text: string): string {
  return `${opening(name)}\n\n${text}\n\n${closing(name)}`;
}
