/**
 * A result as one HTML file that loads nothing and runs nothing. Must never put a text into the page that is
 * not escaped.
 */
import { type Course, courseChart, histogramChart } from './chart.js';
import { reportStyle } from './report-style.js';
import type { BenchResult, Durations } from './result.js';
import { answerName, caveatsOf, figure, ms, type Row, readingOf, rowsOf, sentenceOf } from './summary.js';
import { binMs } from './tally.js';

/** Nothing but our own style, and the empty icon that keeps a browser from asking for one. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** The page; everything that is not ours is escaped in it. */
export function reportPage(result: BenchResult): string {
  const { plan, made } = result;
  const title = `Carillon bench, ${plan.mode}, ${plan.url}`;
  const rows = rowsOf(result);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="icon" href="data:,">
<title>${escaped(title)}</title>
<style>${reportStyle}</style>
</head>
<body>
<header>
<p class="what">carillon bench · ${escaped(plan.mode)} · <time>${escaped(made.startedAt)}</time></p>
<h1>${escaped(plan.url)}</h1>
${verdict(result)}
</header>
<main>
<h2>Figures</h2>
<div class="wide"><table><tbody>
${rows
  .filter(({ durations }) => durations === undefined)
  .map(tableRow)
  .join('\n')}
</tbody></table></div>
${durationTable(rows)}
${charts(result).join('\n')}
${missing(result)}
<h2>How it was measured</h2>
<pre>${command(made.command)}</pre>
<ul>
${[...caveatsOf(result), ...readingOf(result)].map((each) => `<li>${escaped(each)}</li>`).join('\n')}
</ul>
</main>
<footer>${escaped(provenance(result))}</footer>
</body>
</html>
`;
}

/** For text and for attributes in double quotes. A number keeps its unit on its line. */
export function escaped(text: string): string {
  const kept = text.replace(/(\d) (ms|s|%|MiB|KiB|cores)(?![a-z])/g, '$1\u00a0$2');
  return kept.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
}

function verdict(result: BenchResult): string {
  const { isOk, endedEarly, faults } = result.verdict;
  const [tone, word] = isOk
    ? ['good', 'OK']
    : faults.length > 0
      ? ['bad', 'FAILED']
      : ['late', 'ENDED EARLY'];
  const shown = faults.length > 0 && endedEarly ? `${word}, ENDED EARLY` : word;
  return `<div class="verdict ${tone}"><strong>${shown}</strong><p>${escaped(sentenceOf(result))}</p></div>`;
}

/** Broken between options only, so that it can be read and copied. */
function command(text: string): string {
  return text
    .split(/ (?=--)/)
    .map((each) => `<span>${escaped(each)}</span>`)
    .join(' ');
}

function tableRow({ name, value, note }: Row): string {
  const small = note === undefined ? '' : `<small>${escaped(note)}</small>`;
  return `<tr><th scope="row">${escaped(name)}</th><td>${escaped(value)}${small}</td></tr>`;
}

/** Side by side, so that they can be compared. */
function durationTable(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ name, durations }) =>
    durations === undefined ? [] : [`<tr><th scope="row">${escaped(name)}</th>${cells(durations)}</tr>`],
  );
  if (lines.length === 0) return '';
  const head = ['', 'half within', '90 % within', '99 % within', 'longest', 'measured'];
  const titles = head.map((each) => `<th scope="col">${escaped(each)}</th>`).join('');
  return `<h2>How long it took</h2>
<div class="wide"><table class="numbers"><thead><tr>${titles}</tr></thead><tbody>
${lines.join('\n')}
</tbody></table></div>`;
}

function cells({ p50Ms, p90Ms, p99Ms, maxMs, count }: Durations): string {
  const words = [...[p50Ms, p90Ms, p99Ms, maxMs].map(ms), figure(count)];
  return words.map((each) => `<td>${escaped(each)}</td>`).join('');
}

const logarithmic = 'by how long they took, on a logarithmic axis.';

function charts({ sockets, posts, arrivals, course, plan }: BenchResult): string[] {
  const durations: readonly (readonly [string, string, Durations | undefined])[] = [
    ['POST to handler', `Messages ${logarithmic}`, arrivals?.handler],
    [answerName(plan), `Requests ${logarithmic}`, posts?.answer],
    ['Handshake to welcome', `Sockets ${logarithmic}`, posts ? undefined : sockets?.welcome],
  ];
  const drawn = durations.flatMap(([title, hint, each]) =>
    each === undefined || each.count === 0 ? [] : [figureOf(title, hint, histogramChart(title, each))],
  );
  const [first, second] = course;
  if (!first || !second) return drawn;
  const title = posts ? 'Messages per second' : 'Sockets opened per second';
  const hint = `In steps of ${ms(Math.max(binMs, second.fromMs - first.fromMs))}.`;
  return [...drawn, figureOf(title, hint, courseChart(title, courseOf(course, !posts)))];
}

function courseOf(steps: BenchResult['course'], isSockets: boolean): Course {
  if (isSockets) {
    return { steps, series: [{ name: 'opened', tone: 'first', rates: steps.map(({ opened }) => opened) }] };
  }
  const accepted = { name: 'accepted', tone: 'first', rates: steps.map((each) => each.accepted) } as const;
  const arrived = { name: 'arrived', tone: 'second', rates: steps.map((each) => each.arrived) } as const;
  const hasArrivals = arrived.rates.some((rate) => rate > 0);
  return { steps, series: hasArrivals ? [accepted, arrived] : [accepted] };
}

function figureOf(title: string, hint: string, chart: string): string {
  return `<h2>${escaped(title)}</h2>\n<p class="hint">${escaped(hint)}</p>\n<div class="wide">${chart}</div>`;
}

function missing({ arrivals }: BenchResult): string {
  const examples = arrivals?.examples ?? [];
  if (examples.length === 0) return '';
  const paths = examples.map(
    ({ id, user }) => `<li><code>${escaped(`/v1/messages/${id}/deliveries/${user}`)}</code></li>`,
  );
  const hint = '<p class="hint">What became of them, the server says here:</p>';
  return `<h2>Missing</h2>\n${hint}\n<ul>${paths.join('')}</ul>`;
}

/** Versions and machine, in one line. */
export function provenance({ made, plan }: BenchResult): string {
  const server = made.serverVersion === undefined ? '' : `server ${made.serverVersion}, `;
  const tool = `carillon ${made.version}, ${server}Node ${made.node}, ${made.system}, ${made.cpus}`;
  const threads = plan.workers === 1 ? '1 thread' : `${plan.workers} threads`;
  return `${tool}; ${threads}, seed ${plan.seed}, run ${plan.run}`;
}
