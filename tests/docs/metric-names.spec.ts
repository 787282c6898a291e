// What the pages for operators tell people to look at is there: every metric by its name, and for each alarm
// when it rings, what it means and what to do.
import { Metrics } from '@carillon/platform';
import { describe, expect, it } from 'vitest';
import { pages, textOf } from './page.ts';

const reference = textOf('docs/reference/metrics.md');
const named = /\b(?:carillon|nodejs|process)_[a-z0-9_]+\b/g;
/** Series that Prometheus makes of one histogram. */
const series = /_(?:bucket|sum|count)$/;

describe.each(pages().filter((page) => page.startsWith('docs/operating/')))('%s', (page) => {
  it('names metrics that there are', async () => {
    const metrics = new Metrics();
    metrics.collectProcess();
    const ofProcess = await metrics.text();
    const names = [...textOf(page).matchAll(named)].map(([name]) => name.replace(series, ''));
    const isThere = (name: string) =>
      name.startsWith('carillon_')
        ? reference.includes(`| \`${name}\` |`)
        : ofProcess.includes(`# TYPE ${name} `);
    expect(names.filter((name) => !isThere(name))).toEqual([]);
  });
});

describe('docs/operating/runbooks.md', () => {
  const [, ...sections] = textOf('docs/operating/runbooks.md').split(/^## /m);

  it.each(sections.map((section) => [section.split('\n')[0] ?? '', section] as const))(
    'says of "%s" when it rings, what it means and what to do',
    (_, section) => {
      expect(section).toMatch(/^.+\n\nRings when: .+\n(?:.+\n)*\n[A-Z`].+\n(?:.+\n|\n)*1\. /);
    },
  );

  it('has some', () => {
    expect(sections.length).toBeGreaterThan(10);
  });
});
