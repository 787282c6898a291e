// The rows of the fault matrix that CI can afford, in small: the same processes and faults, judged by the
// promises and by the rows' own bounds, those of time apart.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../../tools/cluster/cluster.ts';
import { build, buildTimeoutMs } from '../setup/built.ts';
import { openCluster, performOn } from './campaign.ts';
import { rowsNamed } from './rows.ts';

const seed = 11;
const rowTimeoutMs = 120_000;
const apps = ['auth', 'collect', 'dispatch', 'push'].map((name) => `@carillon/${name}-app`);
const folder = mkdtempSync(join(tmpdir(), 'carillon-chaos-'));
let cluster: Cluster;

beforeAll(async () => {
  await build(...apps);
  cluster = await openCluster(folder);
}, buildTimeoutMs);

afterAll(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

describe(`with seed ${seed}, every promise is kept when there is a`, () => {
  it.each(rowsNamed(['3', '5', '6', '9', '12', '16', '33']))(
    'row $row: $broken',
    async (row) => {
      const tables: string[] = [];
      const scale = { seed, isQuick: true, folder, say: (text: string) => void tables.push(text) };
      const { isKept, history, figures } = await performOn(cluster, row, scale);
      console.log(tables.join('\n'));
      const broken = figures.filter(({ ok, isTime }) => ok === false && !isTime).map(({ what }) => what);
      expect(broken).toEqual([]);
      expect(history.verdict.acknowledged, tables.join('\n')).toBe(history.parts.poster.accepted);
      expect(isKept, tables.join('\n')).toBe(true);
    },
    rowTimeoutMs,
  );
});
