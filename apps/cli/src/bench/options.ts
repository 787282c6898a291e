/** The options of `carillon bench` and the plan they make. Must never ignore an option that was given. */
import { availableParallelism } from 'node:os';
import { limits } from '@carillon/wire';
import { Option } from 'commander';
import { Fault } from '../fault.js';
import { address, duration, durationMaxMs, rate, whole } from './option-rules.js';
import type { Mode, Plan } from './plan.js';

/** As the parser hands them over: what was not given is undefined. */
export interface Given {
  readonly url: string;
  readonly sockets?: number;
  readonly rate?: number | 'max';
  readonly duration?: number;
  readonly messages?: number;
  readonly batch?: number;
  readonly size?: number;
  readonly concurrency?: number;
  readonly workers?: number;
  readonly seed?: number;
  readonly keyFile?: string;
  readonly json?: boolean;
  readonly report?: string;
  readonly yes?: boolean;
}

export const socketsMax = 20_000;
export const messagesMax = 10_000_000;
const concurrencyMax = 1_000;
const workersMax = 32;
const seedMax = 4_294_967_295;
/** What the mark in every message takes. */
const bytesMin = 64;

const workersDefaultMax = 4;

/** Every option, in the order of the help. */
export function benchOptions(): Option[] {
  const option = (flags: string, says: string) => new Option(flags, says);
  return [
    option('--url <url>', 'the server').default('http://127.0.0.1:8080').argParser(address),
    option('--sockets <n>', 'users with one socket each; in send users without (100)').argParser(
      whole(1, socketsMax),
    ),
    option(
      '--rate <n>',
      'messages per second, in connect sockets per second, or max (200; send: max)',
    ).argParser(rate),
    option('--duration <time>', 'of posting, in connect of holding the sockets (10s)').argParser(duration),
    option('--messages <n>', 'end after so many messages').argParser(whole(1, messagesMax)),
    option('--batch <n>', 'messages per request (1)').argParser(whole(1, limits.batchMax)),
    option('--size <bytes>', 'of the data of a message, as JSON (128)').argParser(
      whole(bytesMin, limits.dataBytesMax),
    ),
    option('--concurrency <n>', 'requests at once (16)').argParser(whole(1, concurrencyMax)),
    option('--workers <n>', 'threads (one per core, but one and at most 4)').argParser(whole(1, workersMax)),
    option('--seed <n>', 'who gets which message; printed, to repeat a run').argParser(whole(0, seedMax)),
    option('--key-file <file>', 'the API key; without it CARILLON_KEY of the environment'),
    option('--json', 'the result as JSON on standard output'),
    option('--report <file>', 'the result also as an HTML page'),
    option('--yes', 'the load may be put on a server that is not this machine'),
  ];
}

const forPosting = ['messages', 'batch', 'size', 'concurrency'] as const;

/** @throws Fault where options contradict each other */
export function planOf(mode: Mode, given: Given, random: () => number): Plan {
  if (mode === 'connect') refuseLost(given);
  const asked = given.messages === undefined ? {} : { durationMs: durationMaxMs };
  return {
    ...defaultsOf(mode, random),
    ...asked,
    ...definedOf({
      sockets: given.sockets,
      rate: given.rate,
      durationMs: given.duration,
      messages: given.messages,
      batch: given.batch,
      bytes: given.size,
      concurrency: given.concurrency,
      workers: given.workers,
      seed: given.seed,
    }),
    url: given.url,
  };
}

function defaultsOf(mode: Mode, random: () => number): Omit<Plan, 'url'> {
  return {
    mode,
    sockets: 100,
    rate: mode === 'send' ? 'max' : 200,
    durationMs: 10_000,
    messages: undefined,
    batch: 1,
    bytes: 128,
    concurrency: 16,
    workers: Math.max(1, Math.min(workersDefaultMax, availableParallelism() - 1)),
    seed: Math.floor(random() * seedMax),
    run: Math.floor(random() * 36 ** 7)
      .toString(36)
      .padStart(7, '0'),
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function definedOf<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** Whoever gives such an option expects something of it. */
function refuseLost(given: Given): void {
  const lost = forPosting.find((name) => given[name] !== undefined);
  if (lost) throw new Fault('usage', `--${lost} is for send and end-to-end: connect posts nothing.`, help);
  if (given.rate === 'max')
    throw new Fault('usage', 'connect opens so many sockets per second: --rate max is not allowed.', help);
}

const help = 'carillon bench --help';
