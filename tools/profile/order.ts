// What a person asks of `npm run profile`. Every wrong argument is named, with what is allowed in its place.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Refusal } from './refusal.ts';

/** The process itself, or the port of an inspector that somebody has opened already. */
export type Target =
  | { readonly kind: 'process'; readonly pid: number }
  | { readonly kind: 'inspector'; readonly port: number };

export type Wish = { readonly kind: 'cpu'; readonly ms: number } | { readonly kind: 'heap' };

export interface Order {
  readonly target: Target;
  readonly wish: Wish;
  /** Absolute. */
  readonly out: string;
}

export const usage = 'npm run profile -- --pid N [--cpu 10s | --heap] [--out file]';

const cpuDefault = '10s';
const secondsMax = 600;
/** A pid of Linux is at most 2^22. */
const pidMax = 4_194_304;
const portMax = 65_535;

/** @param folder where a relative file goes @throws Refusal */
export function readOrder(argv: readonly string[], folder: string): Order {
  const { pid, port, cpu, heap, out } = readValues(argv);
  if ((pid === undefined) === (port === undefined))
    throw wrong('Give either --pid, a running node, or --port, an inspector that is open already');
  if (cpu !== undefined && heap) throw wrong('Give either --cpu or --heap, not both');
  const target: Target =
    pid === undefined
      ? { kind: 'inspector', port: wholeNumber('--port', port, portMax) }
      : { kind: 'process', pid: wholeNumber('--pid', pid, pidMax) };
  const wish: Wish = heap ? { kind: 'heap' } : { kind: 'cpu', ms: durationMs(cpu ?? cpuDefault) };
  if (out === '') throw wrong('--out must be the name of a file');
  return { target, wish, out: resolve(folder, out ?? nameFor(target, wish)) };
}

function readValues(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: { pid: text, port: text, cpu: text, heap: { type: 'boolean' }, out: text },
    }).values;
  } catch (error) {
    // Node's own sentence names the argument; it is passed on, never looked into.
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, text: string | undefined, max: number): number {
  const number = /^\d{1,9}$/.test(text ?? '') ? Number(text) : 0;
  if (number >= 1 && number <= max) return number;
  throw wrong(`${name} must be a whole number from 1 to ${max}, and "${text}" is none`);
}

function durationMs(text: string): number {
  const [, count, unit] = /^(\d{1,4})([sm])$/.exec(text) ?? [];
  const seconds = Number(count) * (unit === 'm' ? 60 : 1);
  if (seconds >= 1 && seconds <= secondsMax) return seconds * 1_000;
  throw wrong(`--cpu must be a time from 1s to 10m, as 10s or 2m, and "${text}" is none`);
}

function nameFor(target: Target, wish: Wish): string {
  const of = target.kind === 'process' ? `pid-${target.pid}` : `port-${target.port}`;
  const time = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  return `carillon-${of}-${time}.${wish.kind === 'cpu' ? 'cpuprofile' : 'heapsnapshot'}`;
}

function wrong(fault: string): Refusal {
  return new Refusal(`${fault.replace(/\.$/, '')}. Usage: ${usage}`, 2);
}
