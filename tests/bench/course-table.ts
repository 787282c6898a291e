// How a contest is shown: one row per contestant with its cost, its ratio to the floor, its processes and
// what it does not do. Pure.
import { type Course, costsOf, courseOf } from './contest.ts';
import type { Bars } from './plot.ts';
import { least, median, medianRatio } from './statistics.ts';
import { figure, type Table } from './table.ts';

/** Against whom ratios are taken. */
export interface Floor {
  readonly name: string;
  readonly caption: string;
}

/** Ours first; the floor is named in the head. */
export function courseTable(courses: readonly Course[], { name: floor, caption }: Floor): Table {
  const below = costsOf(courseOf(courses, floor));
  const hasLatency = courses.some(({ samples }) => samples.some(({ p50Ms }) => p50Ms !== undefined));
  return {
    caption,
    head: [
      'server',
      'µs per message',
      'best',
      `× ${floor}`,
      'messages/s',
      ...(hasLatency ? ['p50 ms', 'p99 ms'] : []),
      'RSS MiB',
      'load client µs',
      'µs per process',
      'does not',
    ],
    rows: courses.map((course) => {
      const costs = costsOf(course);
      return [
        course.name,
        figure(median(costs)),
        figure(least(costs)),
        figure(medianRatio(costs, below)),
        figure(medianOf(course, ({ perSecond }) => perSecond)),
        ...(hasLatency
          ? [
              figure(medianOf(course, ({ p50Ms = Number.NaN }) => p50Ms)),
              figure(medianOf(course, ({ p99Ms = Number.NaN }) => p99Ms)),
            ]
          : []),
        perProcess(course, 'mib'),
        figure(medianOf(course, ({ clientMicros }) => clientMicros)),
        perProcess(course, 'micros'),
        course.lacks || '–',
      ];
    }),
  };
}

export function costBars(courses: readonly Course[], name: string, title: string): Bars {
  return {
    kind: 'bars',
    name,
    title,
    bars: courses.map((course) => {
      const costs = costsOf(course);
      return { label: course.name, value: median(costs), best: least(costs) };
    }),
  };
}

/** The ratio of two courses of one contest. */
export function ratioOf(courses: readonly Course[], ours: string, theirs: string): number {
  return medianRatio(costsOf(courseOf(courses, ours)), costsOf(courseOf(courses, theirs)));
}

export function medianOf({ samples }: Course, of: (sample: Course['samples'][number]) => number): number {
  return median(samples.map(of));
}

function perProcess(course: Course, what: 'micros' | 'mib'): string {
  const names = [...(course.samples[0]?.[what].keys() ?? [])];
  return names
    .map((name) => {
      const value = figure(medianOf(course, (sample) => sample[what].get(name) ?? 0));
      return course.besides.includes(name) ? `(${name} ${value})` : `${name} ${value}`;
    })
    .join(', ');
}
