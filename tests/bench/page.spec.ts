// The page of figures and its sections.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../house/command.ts';
import { emptyPage, failedSection, type Run, sectionOf, withSection } from './page.ts';
import type { Outcome, Scenario } from './scenario.ts';
import { allScenarios } from './scenarios/all.ts';

const scenario = (name: string): Scenario => ({
  name,
  title: `Title of ${name}`,
  about: `About ${name}.`,
  seconds: { quick: { fixed: 1, perRound: 1 }, full: { fixed: 1, perRound: 1 } },
  run: () => Promise.reject(new Error('is not run here')),
});
const run: Run = {
  date: '2026-01-31',
  command: 'npm run bench -- one',
  rounds: 5,
  facts: ['commit abc'],
  pins: 'Nothing is pinned.',
};
const outcome: Outcome = {
  setting: ['Batches of 100.'],
  tables: [{ caption: '', head: ['server', 'µs'], rows: [['ours', '1']] }],
  plots: [{ kind: 'bars', name: 'one-cost', title: 'Cost', bars: [] }],
  budgets: [{ what: 'cost', figure: 3, unit: '× floor', atMost: 2, kind: 'ratio' }],
  absent: [{ name: 'nchan', reason: 'no package' }],
};

describe('the page', () => {
  it('names every scenario before anything was measured', () => {
    const page = emptyPage([scenario('one'), scenario('two')]);
    expect(page.match(/Not measured yet\./g)).toHaveLength(2);
    expect(page).toContain('## Title of two');
  });

  it('replaces one section and leaves all others as they are', () => {
    const page = emptyPage([scenario('one'), scenario('two')]);
    const written = withSection(page, 'one', 'new');
    expect(written).not.toContain('About one.');
    expect(written).toContain('About two.');
    expect(withSection(written, 'one', 'newer')).toBe(written.replace('new\n', 'newer\n'));
  });

  it('does not take a scenario for another one whose name begins alike', () => {
    const page = emptyPage([scenario('growth-nodes'), scenario('growth')]);
    expect(withSection(page, 'growth', 'new')).toContain('About growth-nodes.');
  });

  it('adds a section that the page does not have yet', () => {
    const written = withSection(emptyPage([scenario('one')]), 'two', 'new');
    expect(written).toContain('About one.');
    expect(withSection(written, 'two', 'newer')).toBe(written.replace('\nnew\n', '\nnewer\n'));
  });

  it('says how it was measured, what was left out, and which budget was left', () => {
    const section = sectionOf(scenario('one'), outcome, { ...run, plotFolder: 'benchmarks' });
    for (const part of [
      '**nchan: not measured: no package**',
      '| cost | 2.00 × floor | 3.00 × floor | over |',
      '![Cost](benchmarks/one-cost.svg)',
      '- 2026-01-31, `npm run bench -- one`, 5 rounds',
      '- commit abc',
      'loopback only. Nothing is pinned.',
    ])
      expect(section).toContain(part);
  });

  it('says so where a scenario gave no figures', () => {
    expect(failedSection(scenario('one'), 'needs topics', run)).toContain('**Not measured: needs topics**');
  });
});

describe('the page in docs', () => {
  const page = readFileSync(join(root, 'docs/reference/benchmarks.md'), 'utf8');

  it.each(allScenarios.map(({ name }) => name))('has a section for %s', (name) => {
    expect(page).toContain(`<!-- bench: ${name} -->`);
    expect(page).toContain(`<!-- bench end: ${name} -->`);
  });
});
