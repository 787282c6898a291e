/** Charts as SVG text, drawn for a page of both colour schemes. Must never contain anything from outside. */
import type { Durations } from './result.js';
import { figure, ms } from './summary.js';

/** One line of a course. */
export interface Series {
  readonly name: string;
  /** Class that gives it its colour. */
  readonly tone: 'first' | 'second';
  readonly rates: readonly number[];
}

/** Steps of equal meaning for all series. */
export interface Course {
  readonly steps: readonly { readonly fromMs: number; readonly toMs: number }[];
  readonly series: readonly Series[];
}

interface Bar {
  readonly fromMs: number;
  readonly uptoMs: number;
  readonly count: number;
}

const width = 720;
const height = 224;
const edge = { left: 56, right: 16, top: 50, bottom: 26 };
const inner = { width: width - edge.left - edge.right, height: height - edge.top - edge.bottom };
const floor = edge.top + inner.height;
const barsMax = 48;
const ticksMax = 4;
/** Space that the words of one mark take. */
const markWidth = 92;
const markHeight = 14;

/** How often which duration was measured, on a logarithmic axis, with its percentiles. */
export function histogramChart(title: string, durations: Durations): string {
  const bars = barsOf(durations);
  const [from, to] = [bars[0]?.fromMs ?? 0.1, bars.at(-1)?.uptoMs ?? 1];
  const x = (value: number) => edge.left + (Math.log(value / from) / Math.log(to / from)) * inner.width;
  const most = Math.max(1, ...bars.map(({ count }) => count));
  const scale = niceScale(most);
  const y = (value: number) => edge.top + inner.height * (1 - value / scale.top);
  const drawn = bars
    .filter(({ count }) => count > 0)
    .map(({ fromMs, uptoMs, count }) => {
      const [left, right, top] = [x(fromMs) + 0.5, x(uptoMs) - 0.5, y(count)];
      const says = `${figure(count)} between ${ms(fromMs)} and ${ms(uptoMs)}`;
      const size = { width: px(Math.max(1, right - left)), height: px(floor - top) };
      return tag('rect', { class: 'bar', x: px(left), y: px(top), ...size }, `<title>${says}</title>`);
    });
  const ticks = decadeTicks(from, to).map((value) => tickBelow(x(value), ms(value)));
  return svg(title, [...leftAxis(scale, y), ...drawn, ...ticks, ...marks(durations, x)]);
}

/** How many per second over the run. */
export function courseChart(title: string, { steps, series }: Course): string {
  const endMs = steps.at(-1)?.toMs ?? 1;
  const scale = niceScale(Math.max(1, ...series.flatMap(({ rates }) => rates)));
  const x = (atMs: number) => edge.left + (atMs / endMs) * inner.width;
  const y = (value: number) => edge.top + inner.height * (1 - value / scale.top);
  const lines = series.map(({ rates, tone }) => {
    const corners = steps.flatMap(({ fromMs, toMs }, at) => {
      const level = px(y(rates[at] ?? 0));
      return [`${px(x(fromMs))},${level}`, `${px(x(toMs))},${level}`];
    });
    return tag('polyline', { class: `line ${tone}`, points: corners.join(' ') });
  });
  const seconds = niceScale(endMs / 1_000);
  const ticks = seconds.ticks
    .filter((value) => value * 1_000 <= endMs)
    .map((value) => tickBelow(x(value * 1_000), `${figure(value)} s`));
  return svg(title, [...leftAxis(scale, y), ...lines, ...ticks, ...legend(series)]);
}

/** Slices put together until there are few enough to be seen. */
function barsOf({ slices }: Durations): Bar[] {
  const first = slices[0]?.uptoMs ?? 1;
  const last = slices.at(-1)?.uptoMs ?? 1;
  const [from, to] = [first * 0.9, Math.max(last * 1.02, first * 1.5)];
  const ratio = (to / from) ** (1 / barsMax);
  const bars = Array.from({ length: barsMax }, (_, at) => ({
    fromMs: from * ratio ** at,
    uptoMs: from * ratio ** (at + 1),
    count: 0,
  }));
  for (const { uptoMs, count } of slices) {
    const at = Math.min(barsMax - 1, Math.max(0, Math.floor(Math.log(uptoMs / from) / Math.log(ratio))));
    const bar = bars[at];
    if (bar) bar.count += count;
  }
  return bars;
}

/**
 * Percentiles as lines. The longest has its words on top and all words stand left of their line, so that no
 * line runs through the words of another one.
 */
function marks({ p50Ms, p90Ms, p99Ms }: Durations, x: (value: number) => number): string[] {
  const named = [
    ['p99', p99Ms],
    ['p90', p90Ms],
    ['p50', p50Ms],
  ] as const;
  return named.map(([name, value], row) => {
    const at = x(value);
    const base = 11 + row * markHeight;
    const isLeft = at > edge.left + markWidth;
    const anchor = isLeft ? 'end' : 'start';
    const place = { class: 'mark', x: px(isLeft ? at - 6 : at + 6), y: base, 'text-anchor': anchor };
    const line = tag('line', { class: 'mark', x1: px(at), x2: px(at), y1: base - 9, y2: floor });
    return line + tag('text', place, `${name} ${ms(value)}`);
  });
}

function legend(series: readonly Series[]): string[] {
  if (series.length < 2) return [];
  return series.map(({ name, tone }, at) => {
    const left = edge.left + at * 130;
    const line = tag('line', { class: `line ${tone}`, x1: left, x2: left + 18, y1: 28, y2: 28 });
    return line + tag('text', { class: 'mark', x: left + 24, y: 32 }, name);
  });
}

interface Scale {
  readonly top: number;
  readonly ticks: readonly number[];
}

/** From 0 to at least the value, in steps of 1, 2 or 5 times a power of ten. */
export function niceScale(value: number): Scale {
  const rough = value / ticksMax;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10) * power;
  const count = Math.ceil(value / step);
  return { top: count * step, ticks: Array.from({ length: count + 1 }, (_, at) => at * step) };
}

/** 1, 2 and 5 of every power of ten between two values; only the ones where those would be many. */
function decadeTicks(from: number, to: number): number[] {
  const powers = Array.from({ length: 12 }, (_, at) => 10 ** (at - 4));
  const between = (factors: readonly number[]) =>
    powers
      .flatMap((power) => factors.map((each) => each * power))
      .filter((each) => each >= from && each <= to);
  const fine = between([1, 2, 5]);
  return fine.length > 9 ? between([1]) : fine;
}

function leftAxis({ ticks }: Scale, y: (value: number) => number): string[] {
  return ticks.map((value) => {
    const at = px(y(value));
    const ends = { x1: edge.left, x2: width - edge.right, y1: at, y2: at };
    const place = { x: edge.left - 8, y: px(y(value) + 4), 'text-anchor': 'end' };
    return tag('line', { class: value === 0 ? 'axis' : 'grid', ...ends }) + tag('text', place, figure(value));
  });
}

function tickBelow(x: number, words: string): string {
  const line = tag('line', { class: 'axis', x1: px(x), x2: px(x), y1: floor, y2: floor + 4 });
  return line + tag('text', { x: px(x), y: floor + 18, 'text-anchor': 'middle' }, words);
}

function svg(title: string, parts: readonly string[]): string {
  const attributes = { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title };
  return tag('svg', attributes, parts.join(''));
}

/** The words in it are ours: numbers, units and names of the house. */
function tag(name: string, attributes: Readonly<Record<string, string | number>>, content = ''): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${value}"`);
  return `<${name}${written.join('')}>${content}</${name}>`;
}

function px(value: number): string {
  return value.toFixed(1);
}
