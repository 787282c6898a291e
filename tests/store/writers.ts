// Starts writer processes and judges what they said against what is in the store.
import { once } from 'node:events';
import { join } from 'node:path';
import type { Entry, LogKey } from '@carillon/domain';
import type { Store } from '@carillon/domain/ports';
import { expect } from 'vitest';
import { startFromSource } from '../../tools/source-child.js';
import type { Confirmation, WriterOrder } from './writer.child.js';

const writerFile = join(import.meta.dirname, 'writer.child.ts');

export interface Writers {
  /** What was confirmed, when all processes have ended well. @throws when one did not */
  readonly done: Promise<Confirmation[]>;
  /** Confirmed so far, of all processes. */
  count(): number;
}

/** One process per name, all with the same order otherwise. */
export function startWriters(names: readonly string[], order: Omit<WriterOrder, 'name'>): Writers {
  const said: Confirmation[] = [];
  const ends = names.map((name) => run({ ...order, name }, (confirmation) => said.push(confirmation)));
  return { done: Promise.all(ends).then(() => said), count: () => said.length };
}

async function run(order: WriterOrder, onConfirmed: (confirmation: Confirmation) => void): Promise<void> {
  const child = startFromSource(writerFile, [JSON.stringify(order)]);
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onConfirmed(JSON.parse(line) as Confirmation);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`writer ${order.name} ended with ${code}`);
}

export interface Pages {
  readonly after: number;
  readonly limit: number;
}

/**
 * The log from a cursor on, page by page, as a device would read it.
 * Every page goes on where the last one ended.
 */
export async function readInPages(store: Store, log: LogKey, { after, limit }: Pages): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let last = after; ; ) {
    const page = await store.log.read(log, last, limit);
    expect(page.length).toBeLessThanOrEqual(limit);
    if (page.length === 0) return entries;
    entries.push(...page);
    last = page.at(-1)!.seq;
  }
}

/** The whole log. Dense from its first entry to its head, or the test fails. */
export async function readDense(store: Store, log: LogKey): Promise<Entry[]> {
  const entries = await readInPages(store, log, { after: 0, limit: 1_000 });
  const first = entries[0]?.seq ?? 1;
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, at) => first + at));
  expect((await store.log.heads([log])).get(log)).toBe(entries.at(-1)?.seq ?? 0);
  return entries;
}

/**
 * Everything confirmed is where it was confirmed,
 * what a list has added to a log is in its order, and no log has a hole.
 * @returns all entries
 */
export async function expectKept(
  store: Store,
  logs: readonly LogKey[],
  confirmations: readonly Confirmation[],
): Promise<Entry[]> {
  const entries = (await Promise.all(logs.map((log) => readDense(store, log)))).flat();
  const placeOf = new Map(entries.map(({ id, log, seq }) => [id, `${log} ${seq}`]));
  expect(placeOf.size).toBe(entries.length);
  for (const { ids, places } of confirmations) {
    expect(places.map(({ log, seq }) => `${log} ${seq}`)).toEqual(ids.map((id) => placeOf.get(id)));
    for (const log of logs) {
      const own = places.filter((place) => place.log === log && place.outcome === 'appended');
      const seqs = own.map(({ seq }) => seq);
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    }
  }
  return entries;
}
