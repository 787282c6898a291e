/**
 * What MessageLog promises to writers that race for the same places, across both stores where there are two.
 * Must never depend on who wins.
 */
import { describe, expect, it } from 'vitest';
import type { Draft, Entry } from '../entry.js';
import type { LogKey } from '../keys.js';
import type { Appended } from '../ports/message-log.js';
import type { Store } from '../ports/store.js';
import { draftFor, draftsFor, freshInbox, freshName, span } from './specimens.js';
import { idsOf, place, readAll, type StoreSubject, seqsOf } from './store-subject.js';

/** What one writer brought and what it was told. */
interface Call {
  readonly drafts: readonly Draft[];
  readonly entries: readonly Entry[];
}

/** Registers the suite. */
export function appendRacesContract(subject: StoreSubject): void {
  describe('MessageLog under races', () => {
    racingForPlaces(subject);
    racingForAnId(subject);
  });
}

function racingForPlaces({ store, other }: StoreSubject): void {
  const eitherStore = (writer: number): Store => (writer % 2 ? store() : other());
  const placeAll = (calls: readonly Draft[][]): Promise<Call[]> =>
    Promise.all(
      calls.map(async (drafts, writer) => ({ drafts, entries: await place(eitherStore(writer), drafts) })),
    );

  it('lets 24 writers append to one log at once without hole or loss', async () => {
    const log = freshInbox();
    const calls = span(1, 24).map(() => [draftFor(log)]);
    await expectDense(store(), [log], await placeAll(calls));
  });

  it('lets foreign entries in between but keeps the order of every run', async () => {
    const log = freshInbox();
    const calls = span(1, 20).map((writer) => draftsFor(log, writer % 3 ? 7 : 1));
    await expectDense(store(), [log], await placeAll(calls));
  });

  it('lets 24 writers append to overlapping logs at once, in whatever order they name them', async () => {
    const logs = [freshInbox(), freshInbox(), freshInbox(), freshInbox()];
    const calls = span(0, 23).map((writer) =>
      span(0, 5).map((n) => draftFor(logs[(writer % 2 ? n : 5 - n) % (2 + (writer % 3))]!)),
    );
    await expectDense(store(), logs, await placeAll(calls));
  });

  it('shows a reader who reads along nothing but a growing prefix', async () => {
    const log = freshInbox();
    let isWriting = true;
    const writers = Promise.all(
      span(1, 8).map(async (writer) => {
        for (let n = 0; n < 6; n++) await place(eitherStore(writer), draftsFor(log, (n % 3) + 1));
      }),
    ).finally(() => {
      isWriting = false;
    });
    let seen: readonly Entry[] = [];
    while (isWriting) {
      const entries = await readAll(other(), log);
      expect(seqsOf(entries)).toEqual(span(1, entries.length));
      expect(idsOf(entries.slice(0, seen.length))).toEqual(idsOf(seen));
      seen = entries;
    }
    await writers;
    expect(seqsOf(await readAll(other(), log))).toEqual(span(1, 96));
  });
}

function racingForAnId({ store, other }: StoreSubject): void {
  it('takes an id once when 50 writers bring it at once, each with other content', async () => {
    const log = freshInbox();
    const id = freshName();
    const outcomes = await Promise.all(
      span(1, 50).map(async (n) => {
        const [outcome] = await (n % 2 ? store() : other()).log.append([draftFor(log, { id, data: `${n}` })]);
        return outcome!;
      }),
    );
    const entries = await readAll(store(), log);
    expect(seqsOf(entries)).toEqual([1]);
    expectOneWinner(outcomes, entries[0]!);
  });

  it('takes an id once when 20 writers bring it for different logs at once', async () => {
    const id = freshName();
    const drafts = span(1, 20).map(() => draftFor(freshInbox(), { id }));
    const outcomes = await Promise.all(
      drafts.map(async (draft, n) => (await (n % 2 ? store() : other()).log.append([draft]))[0]!),
    );
    const logs = await Promise.all(drafts.map((draft) => readAll(store(), draft.log)));
    expect(logs.flat()).toHaveLength(1);
    expectOneWinner(outcomes, logs.flat()[0]!);
  });

  it('places a list once when 10 writers repeat it at once among foreign entries', async () => {
    const log = freshInbox();
    const drafts = draftsFor(log, 8);
    const foreign = span(1, 10).map(() => [draftFor(log)]);
    const calls = [...span(1, 10).map(() => drafts), ...foreign];
    await Promise.all(calls.map((each, n) => place(n % 2 ? store() : other(), each)));
    const entries = await readAll(store(), log);
    expect(seqsOf(entries)).toEqual(span(1, 18));
    const own = new Set(idsOf(drafts));
    expect(idsOf(entries).filter((id) => own.has(id))).toEqual(idsOf(drafts));
  });
}

/** Each log is dense, holds what was placed and nothing else, each call's drafts in their order. */
async function expectDense(store: Store, logs: readonly LogKey[], calls: readonly Call[]): Promise<void> {
  for (const log of logs) {
    const entries = await readAll(store, log);
    const drafts = calls.flatMap((call) => call.drafts).filter((draft) => draft.log === log);
    expect(seqsOf(entries)).toEqual(span(1, entries.length));
    expect(idsOf(entries).sort()).toEqual(idsOf(drafts).sort());
    for (const call of calls) {
      const told = call.entries.filter((entry) => entry.log === log);
      expect(told).toEqual(seqsOf(told).map((seq) => entries[seq - 1]));
      expect(idsOf(told)).toEqual(idsOf(call.drafts.filter((draft) => draft.log === log)));
      expect(seqsOf(told)).toEqual([...seqsOf(told)].sort((a, b) => a - b));
    }
  }
}

/** At most one was told `appended`; all others that were told anything were told of the same entry. */
function expectOneWinner(outcomes: readonly Appended[], entry: Entry): void {
  const told = outcomes.flatMap((each) => (each.outcome === 'unconfirmed' ? [] : [each]));
  for (const each of told) expect(each.entry).toEqual(entry);
  const winners = told.filter((each) => each.outcome === 'appended');
  const isCertain = told.length === outcomes.length;
  expect(winners.length).toBeLessThanOrEqual(1);
  if (isCertain) expect(winners).toHaveLength(1);
}
