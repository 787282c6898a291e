// Ends a test run with a table of counts per suite and one last line, `N passed, N failed`, for people and
// CI. A file that could not be loaded and an error outside all tests count as failed;
// a run of no tests fails.
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

const testsProject = '@carillon/tests';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  ms: number;
}

export class CountsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const suites = new Map<string, Counts>();
    for (const module of modules) add(countsOf(suites, suiteOf(module)), module);
    if (errors.length > 0) countsOf(suites, 'outside all tests').failed += errors.length;
    const passed = sum(suites, 'passed');
    if (passed + sum(suites, 'failed') === 0) countsOf(suites, 'no test ran').failed = 1;
    const failed = sum(suites, 'failed');
    if (failed > 0) process.exitCode = 1;
    const width = Math.max(5, ...[...suites.keys()].map((name) => name.length));
    const lines = [...suites]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, counts]) => row(name, counts, width));
    console.log(['', header(width), ...lines, '', `${passed} passed, ${failed} failed`].join('\n'));
  }
}

/** A suite is a package; the tests package, being of many kinds, has a suite per folder. */
function suiteOf(module: TestModule): string {
  const [folder = ''] = module.relativeModuleId.replace(/^tests\//, '').split('/');
  return module.project.name === testsProject ? `tests/${folder}` : module.project.name;
}

function add(counts: Counts, module: TestModule): void {
  let failedTests = 0;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') counts.passed += 1;
    else if (state === 'failed') failedTests += 1;
    else counts.skipped += 1;
  }
  // A hook or an import that failed fails the module although no test of it did.
  counts.failed += failedTests || (module.ok() ? 0 : 1);
  counts.ms += module.diagnostic().duration;
}

function countsOf(suites: Map<string, Counts>, name: string): Counts {
  const counts = suites.get(name) ?? { passed: 0, failed: 0, skipped: 0, ms: 0 };
  suites.set(name, counts);
  return counts;
}

function sum(suites: Map<string, Counts>, key: keyof Counts): number {
  return [...suites.values()].reduce((total, counts) => total + counts[key], 0);
}

function header(width: number): string {
  return `${'suite'.padEnd(width)}${['passed', 'failed', 'skipped', 'seconds'].map(cell).join('')}`;
}

function row(name: string, { passed, failed, skipped, ms }: Counts, width: number): string {
  return `${name.padEnd(width)}${[passed, failed, skipped, (ms / 1000).toFixed(1)].map(cell).join('')}`;
}

function cell(value: number | string): string {
  return String(value).padStart(9);
}
