// The page of metrics is what a process says of itself.
import { beforeAll, expect, it } from 'vitest';
import { buildApps, buildTimeoutMs } from '../setup/built.ts';
import { Reader } from './block-runner.ts';
import { textOf } from './page.ts';
import { comparePage, type Table } from './table.ts';

const page = 'docs/reference/metrics.md';
const hint = 'run it with UPDATE_DOCS=1, then fill in what is new';
/** What prom-client says of the process; the page names the two beginnings. */
const ofProcess = /^(?:process|nodejs)_/;

beforeAll(buildApps, buildTimeoutMs);

it('the page lists every metric of all four services, as they say it themselves', async () => {
  const reader = await Reader.begin();
  let exposed: string;
  try {
    exposed = await (await fetch(reader.mapped('http://127.0.0.1:9090/metrics'))).text();
  } finally {
    await reader.end();
  }
  const metrics = [...exposed.matchAll(/^# HELP (\S+) (.+)\n# TYPE \S+ (\w+)$/gm)];
  const own = metrics.filter(([, name = '']) => !ofProcess.test(name));
  expect(own.length).toBeGreaterThan(10);
  expect(own.map(([, name]) => name).filter((name) => !name?.startsWith('carillon_'))).toEqual([]);
  const rows = own.map(([, name = '', help = '', kind = '']) => [
    `\`${name}\``,
    kind,
    help.replace(/\.$/, ''),
  ]);
  const table: Table = { head: ['metric', 'kind', 'says', 'meaning'], rows };
  const { text, faults } = comparePage(page, { metrics: table });
  expect(faults, hint).toEqual([]);
  expect(textOf(page), hint).toBe(text);
  expect(text).toContain('`process_`');
  expect(text).toContain('`nodejs_`');
});
