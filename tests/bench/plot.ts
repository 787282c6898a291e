// Plots as SVG, drawn by hand: bars for contestants, lines for growth. Pure. Readable in a light and a dark
// page, and must never load anything.
import { figure } from './table.ts';

export interface Bars {
  readonly kind: 'bars';
  readonly name: string;
  readonly title: string;
  /** `best` is drawn as a mark in the bar. */
  readonly bars: readonly { readonly label: string; readonly value: number; readonly best: number }[];
}

export interface Lines {
  readonly kind: 'lines';
  readonly name: string;
  readonly title: string;
  readonly xTitle: string;
  readonly isLogX: boolean;
  /** So many values below the axis instead of each x. */
  readonly xTicks?: number;
  readonly lines: readonly { readonly label: string; readonly points: readonly Spot[] }[];
}

export interface Spot {
  readonly x: number;
  readonly y: number;
}

export type Plot = Bars | Lines;

const width = 720;
const barHeight = 22;
const barGap = 10;
const labelWidth = 230;
const valueWidth = 90;
const headHeight = 40;
const plotHeight = 300;
const margin = { left: 60, right: 150, bottom: 45 };
const ticksY = 5;
const colours = ['#2563eb', '#d97706', '#059669', '#db2777', '#7c3aed', '#475569'];
const style = `text{font:13px system-ui,sans-serif;fill:#334155}.title{font-weight:600}.axis{stroke:#94a3b8}
@media (prefers-color-scheme:dark){text{fill:#cbd5e1}}`;

export function svg(plot: Plot): string {
  return plot.kind === 'bars' ? barsSvg(plot) : linesSvg(plot);
}

function barsSvg({ title, bars }: Bars): string {
  const height = headHeight + bars.length * (barHeight + barGap);
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const scale = (width - labelWidth - valueWidth) / most;
  const drawn = bars.map(({ label, value, best }, at) => {
    const y = headHeight + at * (barHeight + barGap);
    const end = labelWidth + value * scale;
    const mark = labelWidth + best * scale;
    return [
      `<text x="${labelWidth - 8}" y="${y + 16}" text-anchor="end">${escaped(label)}</text>`,
      `<rect x="${labelWidth}" y="${y}" width="${px(value * scale)}" height="${barHeight}"`,
      ` fill="${colourOf(at)}"/>`,
      `<line x1="${px(mark)}" x2="${px(mark)}" y1="${y}" y2="${y + barHeight}" stroke="#fff"/>`,
      `<text x="${px(end + 8)}" y="${y + 16}">${figure(value)}</text>`,
    ].join('');
  });
  return framed(title, height, drawn);
}

function linesSvg({ title, xTitle, isLogX, xTicks, lines }: Lines): string {
  const spots = lines.flatMap(({ points }) => points);
  const toX = (x: number) => (isLogX ? Math.log10(x) : x);
  const least = Math.min(...spots.map(({ x }) => toX(x)));
  const span = Math.max(...spots.map(({ x }) => toX(x))) - least || 1;
  const most = Math.max(...spots.map(({ y }) => y), Number.MIN_VALUE);
  const bottom = headHeight + plotHeight;
  const xOf = (x: number) =>
    px(margin.left + ((toX(x) - least) / span) * (width - margin.left - margin.right));
  const yOf = (y: number) => px(bottom - (y / most) * plotHeight);
  const xs = ticksOf(
    spots.map(({ x }) => x),
    xTicks,
  );
  const drawn = [
    ...Array.from({ length: ticksY + 1 }, (_, at) => {
      const y = (most * at) / ticksY;
      const right = width - margin.right;
      const across = `x1="${margin.left}" x2="${right}" y1="${yOf(y)}" y2="${yOf(y)}"`;
      return `<line class="axis" stroke-opacity=".3" ${across}/>
<text x="${margin.left - 8}" y="${yOf(y)}" dy="4" text-anchor="end">${figure(y)}</text>`;
    }),
    ...xs.map(
      (x) =>
        `<text x="${xOf(x)}" y="${bottom + 18}" text-anchor="middle">${x.toLocaleString('en-US')}</text>`,
    ),
    `<text x="${margin.left}" y="${bottom + 38}">${escaped(xTitle)}</text>`,
    ...lines.map((line, at) => lineSvg(line, { colour: colourOf(at), xOf, yOf })),
  ];
  return framed(title, bottom + margin.bottom, drawn);
}

/** Each value once, or so many round ones from the least to the greatest. */
function ticksOf(xs: readonly number[], count: number | undefined): number[] {
  if (count === undefined) return [...new Set(xs)].sort((one, other) => one - other);
  const [least, most] = [Math.min(...xs), Math.max(...xs)];
  return Array.from({ length: count + 1 }, (_, at) => Math.round(least + ((most - least) * at) / count));
}

interface Pen {
  readonly colour: string;
  readonly xOf: (x: number) => number;
  readonly yOf: (y: number) => number;
}

function lineSvg({ label, points }: Lines['lines'][number], { colour, xOf, yOf }: Pen): string {
  const path = points.map(({ x, y }) => `${xOf(x)},${yOf(y)}`).join(' ');
  const dots = points.map(({ x, y }) => `<circle cx="${xOf(x)}" cy="${yOf(y)}" r="3" fill="${colour}"/>`);
  const last = points.at(-1);
  const name = last
    ? `<text x="${xOf(last.x) + 8}" y="${yOf(last.y)}" dy="4" style="fill:${colour}">${escaped(label)}</text>`
    : '';
  const drawn = `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`;
  return [drawn, ...dots, name].join('');
}

function framed(title: string, height: number, drawn: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title><style>${style}</style>`,
    `<text class="title" x="8" y="22">${escaped(title)}</text>`,
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function colourOf(at: number): string {
  return colours[at % colours.length] ?? '#000';
}

function px(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
