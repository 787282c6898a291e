/** Everything that one thread counts, and the sum over all threads. Must never grow with the messages. */
import { Histogram, type HistogramParts } from './histogram.js';

export const countNames = [
  'opened',
  'reconnects',
  'gaps',
  'posted',
  'accepted',
  'abandoned',
  'arrived',
  'missing',
  'doubled',
  'outOfOrder',
  'misdirected',
] as const;
export type CountName = (typeof countNames)[number];

/** By a code: of a close, of a problem, or of HTTP. */
export const codeNames = ['socketsRefused', 'socketsDropped', 'messagesRefused'] as const;
export type CodeName = (typeof codeNames)[number];

export const durationNames = ['welcome', 'answer', 'handler'] as const;
export type DurationName = (typeof durationNames)[number];

/** Counts per `binMs`. */
export const seriesNames = ['opened', 'accepted', 'arrived'] as const;
export type SeriesName = (typeof seriesNames)[number];

/** A message that was accepted and has not come. */
export interface Missing {
  readonly id: string;
  readonly user: string;
}

/** What travels between threads. */
export interface Figures {
  readonly counts: Readonly<Record<CountName, number>>;
  readonly codes: Readonly<Record<CodeName, Readonly<Record<string, number>>>>;
  readonly durations: Readonly<Record<DurationName, HistogramParts>>;
  readonly series: Readonly<Record<SeriesName, readonly number[]>>;
  readonly lastMs: Readonly<Record<SeriesName, number>>;
  readonly missing: readonly Missing[];
}

/** Width of a step in the course of a run. */
export const binMs = 250;
/** Messages of `missing` that are named. */
const namedMax = 5;

export class Tally {
  readonly counts = record(countNames, () => 0);
  readonly codes = record(codeNames, () => ({}) as Record<string, number>);
  readonly durations = record(durationNames, () => new Histogram());
  readonly series = record(seriesNames, () => [] as number[]);
  /** When the last one of a series came, after the start. */
  readonly lastMs = record(seriesNames, () => 0);
  missing: readonly Missing[] = [];
  /** Epoch milliseconds of the start of what is drawn. */
  startedAtMs = 0;

  /** One more with this code. */
  code(name: CodeName, code: string): void {
    this.codes[name][code] = (this.codes[name][code] ?? 0) + 1;
  }

  /** One more at this time, also in the course of the run. */
  mark(name: SeriesName, atMs: number): void {
    this.counts[name] += 1;
    const sinceMs = Math.max(0, atMs - this.startedAtMs);
    const bin = Math.floor(sinceMs / binMs);
    this.series[name][bin] = (this.series[name][bin] ?? 0) + 1;
    this.lastMs[name] = Math.max(this.lastMs[name], sinceMs);
  }

  figures(): Figures {
    const { counts, codes, lastMs, missing } = this;
    const durations = record(durationNames, (name) => this.durations[name].parts());
    const series = record(seriesNames, (name) => Array.from(this.series[name], (count) => count ?? 0));
    return { counts, codes, durations, series, lastMs, missing };
  }

  merge(other: Figures): void {
    for (const name of countNames) this.counts[name] += other.counts[name];
    for (const name of codeNames) {
      for (const [code, count] of Object.entries(other.codes[name]))
        this.codes[name][code] = (this.codes[name][code] ?? 0) + count;
    }
    for (const name of durationNames) this.durations[name].merge(other.durations[name]);
    for (const name of seriesNames) {
      for (const [bin, count] of other.series[name].entries())
        this.series[name][bin] = (this.series[name][bin] ?? 0) + count;
      this.lastMs[name] = Math.max(this.lastMs[name], other.lastMs[name]);
    }
    this.missing = [...this.missing, ...other.missing].slice(0, namedMax);
  }
}

function record<K extends string, V>(names: readonly K[], make: (name: K) => V): Record<K, V> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<K, V>;
}
