/** What the suites of Bus work on, and what all of them do with it. Must never be used outside tests. */
import type { Bus } from '../ports/bus.js';
import { freshName } from './specimens.js';

/** What an adapter brings along. */
export interface BusSetUp {
  /** Another process's connection to the one bus. Called several times; each is closed in the end. */
  readonly open: () => Promise<Bus>;
  /** Lets this much time pass for time-outs: really waits, or advances a clock. */
  readonly passTime: (ms: number) => Promise<void>;
  /** Cuts this bus's connection and resolves when it is back, where the adapter has one. */
  readonly interrupt?: (bus: Bus) => Promise<void>;
}

/** Two processes' connections; valid inside tests only. */
export interface BusSubject extends BusSetUp {
  here(): Bus;
  there(): Bus;
}

/** A subject that nobody else has. */
export function freshSubject(): string {
  return `carillon.contract.${freshName()}`;
}

/** Subscribes, and waits until the bus knows. @returns what arrives, as text, in order of arrival. */
export async function listen(bus: Bus, subject: string, group?: string): Promise<string[]> {
  const heard: string[] = [];
  bus.subscribe(subject, (message) => heard.push(text(message.data)), group);
  await bus.ping();
  return heard;
}

/** UTF-8 bytes. */
export function bytes(words: string): Uint8Array {
  return new TextEncoder().encode(words);
}

/** The inverse of `bytes`. */
export function text(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}
