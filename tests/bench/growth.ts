// Curves of cost over size: ours and a bare `ws` loop side by side at every size, so that what the machine
// does to both is taken out. Flat means: the ratio at the last size is that of the reference size.
import { storeName } from './carillon-rig.ts';
import { type Contestant, contest, costsOf, courseOf } from './contest.ts';
import type { Plot } from './plot.ts';
import type { Bench } from './scenario.ts';
import { least, median, medianRatio } from './statistics.ts';
import { figure, type Table } from './table.ts';
import type { Budget } from './verdict.ts';

export const rawName = 'ws.send(JSON)';
export const ourName = 'Carillon';
export const growthRoundsMax = 3;

export interface Step {
  readonly size: number;
  readonly raw: Contestant['round'];
  readonly ours: Contestant['round'];
}

export interface Grown {
  readonly size: number;
  readonly raw: number;
  readonly ours: number;
  readonly best: number;
  readonly store: number;
  readonly ratio: number;
  readonly perSecond: number;
  readonly p99Ms: number;
}

/** One size of the curve. */
export async function measureStep(bench: Bench, { size, raw, ours }: Step): Promise<Grown> {
  const courses = await contest(
    [
      { name: rawName, lacks: '', round: raw },
      { name: ourName, lacks: '', besides: [storeName], round: ours },
    ],
    { ...bench, rounds: Math.min(bench.rounds, growthRoundsMax) },
  );
  const [floor, own] = [courseOf(courses, rawName), courseOf(courses, ourName)];
  return {
    size,
    raw: median(costsOf(floor)),
    ours: median(costsOf(own)),
    best: least(costsOf(own)),
    store: median(own.samples.map(({ micros }) => micros.get(storeName) ?? 0)),
    ratio: medianRatio(costsOf(own), costsOf(floor)),
    perSecond: median(own.samples.map(({ perSecond }) => perSecond)),
    p99Ms: median(own.samples.map(({ p99Ms = Number.NaN }) => p99Ms)),
  };
}

export function growthTable(what: string, grown: readonly Grown[]): Table {
  return {
    caption: '',
    head: [what, 'Carillon µs', 'best', `${rawName} µs`, `× ${rawName}`, 'mongod µs', 'messages/s', 'p99 ms'],
    rows: grown.map((at) => [
      at.size.toLocaleString('en-US'),
      ...[at.ours, at.best, at.raw, at.ratio, at.store, at.perSecond, at.p99Ms].map(figure),
    ]),
  };
}

export function growthPlot(name: string, title: string, { what, isLogX, grown }: Curve): Plot {
  const line = (label: string, of: (at: Grown) => number) => ({
    label,
    points: grown.map((at) => ({ x: at.size, y: of(at) })),
  });
  return {
    kind: 'lines',
    name,
    title,
    xTitle: what,
    isLogX,
    lines: [
      line(ourName, ({ ours }) => ours),
      line(rawName, ({ raw }) => raw),
      line('mongod, beside', ({ store }) => store),
    ],
  };
}

export interface Curve {
  readonly what: string;
  readonly isLogX: boolean;
  readonly grown: readonly Grown[];
}

/** The ratio at the last size against that at the reference; undefined when only one was measured. */
export function flat(what: string, grown: readonly Grown[], reference: number): Budget[] {
  const from = grown.find(({ size }) => size === reference);
  const last = grown.at(-1);
  if (!from || !last || last === from) return [];
  const sizes = `${reference.toLocaleString('en-US')} to ${last.size.toLocaleString('en-US')}`;
  return [
    {
      what: `${what}, ${sizes}`,
      figure: last.ratio / from.ratio,
      unit: '× of the first',
      atMost: 1,
      kind: 'ratio',
    },
  ];
}
