/** A result in words: one sentence, and a table that terminal and page have in common. */
import type { Plan } from './plan.js';
import { type BenchResult, type Codes, type Durations, sum } from './result.js';

/** One line of the table. */
export interface Row {
  readonly name: string;
  readonly value: string;
  /** What `value` says, where it is about durations. */
  readonly durations?: Durations;
  /** What is to be known about it. */
  readonly note?: string;
}

/** One sentence for somebody who reads nothing else. */
export function sentenceOf(result: BenchResult): string {
  const { faults, endedEarly } = result.verdict;
  const early = endedEarly ? 'Ended early, so this is what there is. ' : '';
  if (faults.length > 0) return `${early}${listed(faults)}.`;
  return `${early}${good(result)}`;
}

function good({ sockets, posts, arrivals, plan }: BenchResult): string {
  if (arrivals && posts) {
    const left =
      arrivals.onTheirWay > 0 ? `, ${figure(arrivals.onTheirWay)} were on their way` : ', each once';
    const share = `${figure(arrivals.arrived)} of ${figure(posts.accepted)} accepted messages`;
    return `${share} arrived in order${left}; ${halfAnd99(arrivals.handler)} after the POST.`;
  }
  if (posts) {
    const what = `${figure(posts.accepted)} messages were accepted, ${figure(posts.perSecond)} per second`;
    const { p50Ms, p99Ms } = posts.answer;
    return `${what}; half of the answers came within ${ms(p50Ms)}, 99 % within ${ms(p99Ms)}.`;
  }
  const held = `stayed open for ${plan.durationMs / 1_000} s`;
  if (!sockets) return '';
  const { opened, welcome } = sockets;
  return `${figure(opened)} sockets opened and ${held}; ${halfAnd99(welcome)} after the handshake began.`;
}

function halfAnd99({ p50Ms, p99Ms }: Durations): string {
  return `half of them within ${ms(p50Ms)}, 99 % within ${ms(p99Ms)}`;
}

/** Every figure, in the order in which things happen. */
export function rowsOf(result: BenchResult): Row[] {
  return [...socketRows(result), ...postRows(result), ...arrivalRows(result), ...toolRows(result)];
}

function socketRows({ sockets, plan }: BenchResult): Row[] {
  if (!sockets) return [];
  const { asked, opened, perSecond, welcome, refused, dropped, reconnects } = sockets;
  const speed = { name: 'Opened per second', value: figure(perSecond), note: rateNote(plan) };
  return [
    { name: 'Sockets open', value: `${figure(opened)} of ${figure(asked)}` },
    ...(plan.mode === 'connect' ? [speed] : []),
    spreadRow('Handshake to welcome', welcome),
    ...codeRows('Sockets refused', refused),
    ...codeRows('Sockets dropped', dropped),
    ...(reconnects > 0 ? [{ name: 'Reconnects', value: figure(reconnects) }] : []),
  ];
}

function postRows({ posts, plan }: BenchResult): Row[] {
  if (!posts) return [];
  return [
    { name: 'Messages accepted', value: `${figure(posts.accepted)} of ${figure(posts.posted)}` },
    { name: 'Accepted per second', value: figure(posts.perSecond), note: rateNote(plan) },
    spreadRow(answerName(plan), posts.answer),
    ...codeRows('Messages refused', posts.refused, 'attempts; repeated after Retry-After, or a second'),
    ...(posts.abandoned > 0 ? [{ name: 'Messages given up', value: figure(posts.abandoned) }] : []),
  ];
}

function arrivalRows({ arrivals }: BenchResult): Row[] {
  if (!arrivals) return [];
  const { missing, doubled, outOfOrder, misdirected, onTheirWay, gaps } = arrivals;
  const wrong = `${missing} missing, ${doubled} doubled, ${outOfOrder} out of order`;
  return [
    { name: 'Messages arrived', value: figure(arrivals.arrived), note: wrong },
    { name: 'Arrived per second', value: figure(arrivals.perSecond) },
    spreadRow('POST to handler', arrivals.handler),
    ...(onTheirWay > 0 ? [{ name: 'On their way at the end', value: figure(onTheirWay) }] : []),
    ...(misdirected > 0 ? [{ name: 'At the wrong user', value: figure(misdirected) }] : []),
    ...(gaps > 0 ? [{ name: 'Continuity lost', value: figure(gaps) }] : []),
  ];
}

function toolRows({ tool, made, plan }: BenchResult): Row[] {
  const per = tool.bytesPerSocket;
  const isMemory = plan.mode === 'connect' && per !== undefined;
  const memory = `${figure(Math.round(tool.rssBytes / 1_048_576))} MiB`;
  return [
    {
      name: 'CPU of this tool',
      value: `${figure(tool.cpuSeconds)} s, ${figure(tool.cores)} cores`,
      note: made.isSameMachine ? 'it shares the cores with the server' : 'on this machine',
    },
    {
      name: 'Memory of this tool',
      value: isMemory ? `${memory}, ${figure(Math.round(per / 1_024))} KiB per socket` : memory,
      note: 'not of the server',
    },
  ];
}

function rateNote({ rate }: Pick<Plan, 'rate'>): string {
  return rate === 'max' ? 'as fast as they were answered' : `asked for ${figure(rate)}`;
}

function codeRows(name: string, codes: Codes, note?: string): Row[] {
  if (sum(codes) === 0) return [];
  const value = Object.entries(codes).map(([code, count]) => `${figure(count)} × ${code}`);
  return [{ name, value: value.join(', '), ...(note !== undefined && { note }) }];
}

/** A batch is answered 200, whatever became of its messages. */
export function answerName({ batch }: Pick<Plan, 'batch'>): string {
  return batch > 1 ? 'POST of a batch to 200' : 'POST to 202';
}

function spreadRow(name: string, durations: Durations): Row {
  const { count, p50Ms, p90Ms, p99Ms, maxMs } = durations;
  if (count === 0) return { name, value: 'nothing measured' };
  const value = `p50 ${ms(p50Ms)}, p90 ${ms(p90Ms)}, p99 ${ms(p99Ms)}, longest ${ms(maxMs)}`;
  return { name, value, durations };
}

/** Three digits are as much as such a measurement is good for. */
export function ms(value: number): string {
  if (value >= 1_000) return `${Number((value / 1_000).toPrecision(3))} s`;
  return `${Number(value.toPrecision(3))} ms`;
}

/** A number for people. */
export function figure(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 2 : 0 });
}

function listed(clauses: readonly string[]): string {
  const last = clauses.at(-1) ?? '';
  return clauses.length < 2 ? last : `${clauses.slice(0, -1).join(', ')} and ${last}`;
}

/** A tool that needs so much of its threads is itself what was measured. */
const busyShare = 0.8;
/** Of the rate that was asked for: less was not reached. */
const reachedShare = 0.95;

/** What is to be known before a figure is quoted; where they ran comes first. */
export function caveatsOf(result: BenchResult): string[] {
  const { made, plan, posts, sockets, tool } = result;
  const where = made.isSameMachine
    ? 'Client and server ran on one machine: the server had only what this tool left of the cores.'
    : 'The times include the network between this machine and the server.';
  const reached = (posts ?? sockets)?.perSecond ?? 0;
  const isSlow = plan.rate !== 'max' && reached < plan.rate * reachedShare;
  const isBusy = tool.cores > plan.workers * busyShare;
  return [
    where,
    ...(isSlow ? ['The rate that was asked for was not reached: see how long it took.'] : []),
    ...(isBusy ? ['This tool needed its threads almost all the time: it may be what was measured.'] : []),
  ];
}

/** How to read the figures, for whoever did not run it. */
export function readingOf({ plan }: BenchResult): string[] {
  const cost =
    'A client in Node costs more CPU than the server does for the same message: that is why its CPU is here.';
  if (plan.mode !== 'end-to-end') return [cost];
  return [
    cost,
    'POST to handler begins when the accepted request is sent, and ends when the handler of the SDK runs. ' +
      'That may be before the answer to the POST has come.',
  ];
}
