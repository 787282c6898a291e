/**
 * What a run has found, as it is printed, drawn and written as JSON. Must never hold a key or a token, and
 * never call good what was not as asked.
 */
import type { Outturn } from './crew.js';
import type { Histogram, Slice } from './histogram.js';
import type { Plan } from './plan.js';
import { binMs, type Missing } from './tally.js';

/** In milliseconds; all 0 where nothing was measured. */
export interface Durations {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly slices: readonly Slice[];
}

/** Counts by code. */
export type Codes = Readonly<Record<string, number>>;

export interface SocketFigures {
  readonly asked: number;
  readonly opened: number;
  readonly perSecond: number;
  /** Attempts, of which one socket may have had several. */
  readonly refused: Codes;
  readonly dropped: Codes;
  readonly reconnects: number;
  /** Handshake to welcome, without the token. */
  readonly welcome: Durations;
}

export interface PostFigures {
  readonly posted: number;
  readonly accepted: number;
  readonly perSecond: number;
  /** Never accepted, after every attempt. */
  readonly abandoned: number;
  /** Attempts, of which one message may have had several. */
  readonly refused: Codes;
  /** Per request that was taken. */
  readonly answer: Durations;
}

export interface ArrivalFigures {
  readonly arrived: number;
  readonly perSecond: number;
  /** Accepted, waited for, and not there. */
  readonly missing: number;
  /** Accepted and not there when the run was stopped. */
  readonly onTheirWay: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  readonly misdirected: number;
  /** Told by the server: continuity is not proven. */
  readonly gaps: number;
  /** POST to handler. */
  readonly handler: Durations;
  readonly examples: readonly Missing[];
}

/** One step in the course of a run, in events per second. */
export interface CourseStep {
  readonly fromMs: number;
  readonly toMs: number;
  readonly opened: number;
  readonly accepted: number;
  readonly arrived: number;
}

export interface BenchResult {
  readonly verdict: {
    readonly isOk: boolean;
    readonly endedEarly: boolean;
    readonly faults: readonly string[];
  };
  readonly plan: Plan;
  readonly sockets?: SocketFigures;
  readonly posts?: PostFigures;
  readonly arrivals?: ArrivalFigures;
  /** Of this command, never of the server. */
  readonly tool: ToolFigures;
  readonly made: Provenance;
  readonly course: readonly CourseStep[];
}

export interface ToolFigures {
  readonly cpuSeconds: number;
  /** 1 is one core, all the time. */
  readonly cores: number;
  readonly rssBytes: number;
  readonly bytesPerSocket?: number;
}

/** Where and with what it was measured. */
export interface Provenance {
  readonly startedAt: string;
  readonly command: string;
  readonly version: string;
  readonly serverVersion?: string;
  readonly node: string;
  readonly system: string;
  readonly cpus: string;
  readonly isSameMachine: boolean;
}

/** Steps that a course has at most. */
const stepsMax = 240;

/** Everything of a run that has ended. */
export function resultOf(plan: Plan, outturn: Outturn, made: Provenance): BenchResult {
  const sockets = plan.mode === 'send' ? undefined : socketsOf(plan, outturn);
  const posts = plan.mode === 'connect' ? undefined : postsOf(outturn);
  const arrivals = plan.mode === 'end-to-end' ? arrivalsOf(outturn) : undefined;
  const found = { ...(sockets && { sockets }), ...(posts && { posts }), ...(arrivals && { arrivals }) };
  const faults = faultsOf(plan, found);
  const { endedEarly } = outturn;
  return {
    verdict: { isOk: faults.length === 0 && !endedEarly, endedEarly, faults },
    plan,
    ...found,
    tool: toolOf(outturn, sockets),
    made,
    course: courseOf(outturn),
  };
}

function socketsOf({ sockets }: Plan, { tally }: Outturn): SocketFigures {
  const { counts, codes, durations, lastMs } = tally;
  return {
    asked: sockets,
    opened: counts.opened,
    perSecond: perSecond(counts.opened, lastMs.opened),
    refused: codes.socketsRefused,
    dropped: codes.socketsDropped,
    reconnects: counts.reconnects,
    welcome: durationsOf(durations.welcome),
  };
}

function postsOf({ tally }: Outturn): PostFigures {
  const { counts, codes, durations, lastMs } = tally;
  return {
    posted: counts.posted,
    accepted: counts.accepted,
    perSecond: perSecond(counts.accepted, lastMs.accepted),
    abandoned: counts.abandoned,
    refused: codes.messagesRefused,
    answer: durationsOf(durations.answer),
  };
}

function arrivalsOf({ tally, endedEarly }: Outturn): ArrivalFigures {
  const { counts, durations, lastMs, missing } = tally;
  const { arrived, doubled, outOfOrder, misdirected, gaps } = counts;
  return {
    arrived,
    perSecond: perSecond(arrived, lastMs.arrived),
    missing: endedEarly ? 0 : counts.missing,
    onTheirWay: endedEarly ? counts.missing : 0,
    doubled,
    outOfOrder,
    misdirected,
    gaps,
    handler: durationsOf(durations.handler),
    examples: endedEarly ? [] : missing,
  };
}

type Found = Pick<BenchResult, 'sockets' | 'posts' | 'arrivals'>;

/** Each a clause that says what was not as asked; empty where all was well. */
function faultsOf({ mode }: Plan, { sockets, posts, arrivals }: Found): string[] {
  const clauses: (readonly [number, string])[] = [];
  if (sockets) {
    clauses.push([sockets.asked - sockets.opened, 'of the sockets did not open']);
    // Elsewhere the SDK resumes, and what counts is whether anything is missing.
    if (mode === 'connect') clauses.push([sum(sockets.dropped), 'of the sockets did not stay open']);
  }
  if (posts) clauses.push([posts.abandoned, 'of the messages were not accepted']);
  if (arrivals) clauses.push(...arrivalClauses(arrivals));
  const faults = clauses.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`);
  return posts?.accepted === 0 ? [...faults, 'no message was accepted'] : faults;
}

function arrivalClauses(arrivals: ArrivalFigures): (readonly [number, string])[] {
  return [
    [arrivals.missing, 'of the accepted messages did not arrive'],
    [arrivals.doubled, 'of the messages arrived more than once'],
    [arrivals.outOfOrder, 'of the messages arrived out of order'],
    [arrivals.misdirected, 'of the messages arrived at the wrong user'],
    [arrivals.gaps, 'times the server lost continuity'],
  ];
}

function toolOf(outturn: Outturn, sockets: SocketFigures | undefined): ToolFigures {
  const { cpuMs, tookMs, rssBytes, socketsBytes } = outturn;
  const opened = sockets?.opened ?? 0;
  return {
    cpuSeconds: rounded(cpuMs / 1_000),
    cores: tookMs > 0 ? rounded(cpuMs / tookMs) : 0,
    rssBytes,
    ...(opened > 0 && { bytesPerSocket: Math.round(socketsBytes / opened) }),
  };
}

function durationsOf(histogram: Histogram): Durations {
  return {
    count: histogram.count,
    meanMs: rounded(histogram.meanMs),
    p50Ms: rounded(histogram.percentileMs(0.5)),
    p90Ms: rounded(histogram.percentileMs(0.9)),
    p99Ms: rounded(histogram.percentileMs(0.99)),
    maxMs: rounded(histogram.maxMs),
    slices: histogram.slices().map(({ uptoMs, count }) => ({ uptoMs: rounded(uptoMs), count })),
  };
}

/** The last step ends with the last event, so that a rate is never of a time in which nothing was to come. */
function courseOf({ tally: { series, lastMs } }: Outturn): CourseStep[] {
  const isPosting = series.accepted.length > 0;
  const endMs = isPosting ? Math.max(lastMs.accepted, lastMs.arrived) : lastMs.opened;
  const bins = Math.round(endMs / binMs);
  const width = Math.max(1, Math.ceil(bins / stepsMax));
  const steps = Math.ceil(bins / width);
  return Array.from({ length: steps }, (_, step) => {
    const [from, to] = [step * width, step === steps - 1 ? undefined : (step + 1) * width];
    const [fromMs, toMs] = [from * binMs, to === undefined ? endMs : to * binMs];
    const rate = (counts: readonly number[]) =>
      perSecond(sumOf(Array.from(counts.slice(from, to), (count) => count ?? 0)), toMs - fromMs);
    const opened = isPosting ? 0 : rate(series.opened);
    const [accepted, arrived] = [rate(series.accepted), rate(series.arrived)];
    return { fromMs, toMs: rounded(toMs), opened, accepted, arrived };
  });
}

function perSecond(count: number, ms: number): number {
  return ms > 0 ? rounded(count / (ms / 1_000)) : 0;
}

/** Of all codes. */
export function sum(codes: Codes = {}): number {
  return sumOf(Object.values(codes));
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
