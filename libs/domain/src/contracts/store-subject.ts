/** The store a suite works on, and what every suite does with it. Must never be used outside tests. */
import { afterAll, beforeAll, expect } from 'vitest';
import type { Draft, Entry } from '../entry.js';
import type { LogKey } from '../keys.js';
import type { Store } from '../ports/store.js';

/** How a suite gets at the stores; both are valid inside tests only. */
export interface StoreSubject {
  store(): Store;
  /** Another process on the same data, or the same store where there can be only one. */
  other(): Store;
}

export interface StoreContractOptions {
  /** Opens a second store on the data of the first, as another process would. Races then run across both. */
  readonly another?: () => Promise<Store>;
  /** Per test. */
  readonly timeoutMs?: number;
}

/** An append that found no certainty is sent again at most so often, as a producer would. */
const appendAttempts = 5;
/** More than any suite puts into a log. */
export const wholeLog = 10_000;

/** Opens the stores before the suite's first test and closes them after its last. */
export function storeSubject(open: () => Promise<Store>, options: StoreContractOptions): StoreSubject {
  let store: Store | undefined;
  let other: Store | undefined;
  beforeAll(async () => {
    store = await open();
    other = options.another ? await options.another() : store;
  }, 60_000);
  afterAll(async () => {
    await other?.close();
    await store?.close();
  }, 60_000);
  return { store: () => present(store), other: () => present(other) };
}

/** Appends, and again while any outcome is unconfirmed. @returns the entries, in the order of the drafts. */
export async function place(store: Store, drafts: readonly Draft[]): Promise<Entry[]> {
  for (let attempt = 1; attempt <= appendAttempts; attempt++) {
    const outcomes = await store.log.append(drafts);
    expect(outcomes).toHaveLength(drafts.length);
    const entries = outcomes.flatMap((each) => (each.outcome === 'unconfirmed' ? [] : [each.entry]));
    if (entries.length === drafts.length) return entries;
  }
  throw new Error(`an append was still unconfirmed after ${appendAttempts} attempts`);
}

/** The whole log as it can be read. */
export function readAll(store: Store, log: LogKey): Promise<readonly Entry[]> {
  return store.log.read(log, 0, wholeLog);
}

/** No entry has anything left that emptying removes. */
export function expectWithoutContent(entries: readonly Entry[]): void {
  for (const { data, notification, origin } of entries) {
    expect(data ?? notification ?? origin?.metadata ?? 'absent').toBe('absent');
  }
}

/** The seqs of entries. */
export function seqsOf(entries: readonly Entry[]): number[] {
  return entries.map((entry) => entry.seq);
}

/** The ids of entries. */
export function idsOf(entries: readonly Pick<Entry, 'id'>[]): string[] {
  return entries.map((entry) => entry.id);
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the store is open only while tests run');
  return value;
}
