/**
 * What Marks promises: a mark that is set stays, save that a recall replaces any; content never comes back.
 */
import { describe, expect, it } from 'vitest';
import type { Mark } from '../entry.js';
import { acceptedAt, content, draftFor, draftsFor, freshInbox, freshTopic, span } from './specimens.js';
import { expectWithoutContent, place, readAll, type StoreSubject, seqsOf } from './store-subject.js';

/** Registers the suite. */
export function marksContract(subject: StoreSubject): void {
  describe('Marks', () => {
    marking(subject);
    markingTwice(subject);
    superseding(subject);
    supersedingUnderRaces(subject);
  });
}

function marking({ store, other }: StoreSubject): void {
  it.each<Mark>(['recalled', 'emptied'])('removes the content of what it marks %s', async (mark) => {
    const log = freshInbox();
    const entries = await place(store(), draftsFor(log, 3, content));
    for (let time = 0; time < 2; time++) {
      await store().marks.mark(log, [1, 3], mark);
      const now = await readAll(other(), log);
      expect(now[1]).toEqual(entries[1]);
      for (const at of [0, 2]) {
        expect(now[at]).toMatchObject({ id: entries[at]!.id, seq: at + 1, mark, acceptedAt });
        expectWithoutContent([now[at]!]);
        expect(now[at]?.origin?.fingerprint).toBe('f');
      }
    }
  });

  it('keeps the content of what it marks superseded', async () => {
    const log = freshInbox();
    const entries = await place(store(), draftsFor(log, 2, content));
    await store().marks.mark(log, [1], 'superseded');
    await store().marks.mark(log, [1], 'superseded');
    expect(await readAll(other(), log)).toEqual([{ ...entries[0], mark: 'superseded' }, entries[1]]);
  });

  it('never brings content back with a later mark', async () => {
    const log = freshInbox();
    await place(store(), draftsFor(log, 1, content));
    for (const mark of ['superseded', 'recalled', 'superseded'] as const) {
      await store().marks.mark(log, [1], mark);
    }
    const [entry] = await readAll(other(), log);
    expect(entry?.data ?? entry?.notification ?? 'absent').toBe('absent');
  });

  it('touches no other log, and ignores seqs that are not there', async () => {
    const [a, b] = [freshInbox(), freshInbox()];
    const entries = await place(store(), [draftFor(a), draftFor(b), draftFor(b)]);
    await store().marks.mark(a, [2, 99], 'recalled');
    await store().marks.mark(a, [], 'recalled');
    expect([...(await readAll(other(), a)), ...(await readAll(other(), b))]).toEqual(entries);
  });

  it('shows the mark wherever the entry is looked up, also to a retry', async () => {
    const draft = draftFor(freshInbox(), content);
    await place(store(), [draft]);
    await store().marks.mark(draft.log, [1], 'recalled');
    const [outcome] = await other().log.append([draft]);
    expect(outcome).toMatchObject({ outcome: 'present', entry: { mark: 'recalled', seq: 1 } });
    expect(await other().log.entryOf(draft.id, draft.log)).toMatchObject({ mark: 'recalled' });
    expect(await other().log.ofMessage(draft.id)).toMatchObject([{ mark: 'recalled' }]);
  });
}

function markingTwice({ store, other }: StoreSubject): void {
  it.each<[first: Mark, second: Mark, last: Mark]>([
    ['superseded', 'superseded', 'superseded'],
    ['superseded', 'recalled', 'recalled'],
    ['superseded', 'emptied', 'superseded'],
    ['recalled', 'superseded', 'recalled'],
    ['recalled', 'emptied', 'recalled'],
    ['emptied', 'superseded', 'emptied'],
    ['emptied', 'recalled', 'recalled'],
  ])('makes of %s and then %s: %s', async (first, second, last) => {
    const log = freshInbox();
    await place(store(), draftsFor(log, 2, content));
    await store().marks.mark(log, [1], first);
    await other().marks.mark(log, [1], second);
    const [entry, untouched] = await readAll(store(), log);
    expect(entry).toMatchObject({ seq: 1, mark: last, origin: { fingerprint: 'f' } });
    if (first !== 'superseded' || second !== 'superseded') expectWithoutContent([entry!]);
    expect(untouched).toMatchObject(content);
    expect(untouched?.mark ?? 'absent').toBe('absent');
  });

  it('lets a recall win that races with every other mark', async () => {
    const log = freshInbox();
    await place(store(), draftsFor(log, 20, content));
    const seqs = span(1, 20);
    await Promise.all(
      (['superseded', 'emptied', 'recalled', 'superseded', 'emptied'] as const).map((mark, n) =>
        (n % 2 ? store() : other()).marks.mark(log, seqs, mark),
      ),
    );
    const entries = await readAll(store(), log);
    expect(new Set(entries.map(({ mark }) => mark))).toEqual(new Set(['recalled']));
    expectWithoutContent(entries);
  });

  it('marks 2,500 entries in one call', async () => {
    const log = freshTopic();
    for (const _ of span(1, 25)) await place(store(), draftsFor(log, 100));
    await store().marks.mark(log, span(1, 2_500), 'superseded');
    const entries = await readAll(other(), log);
    expect(entries.filter(({ mark }) => mark === 'superseded')).toHaveLength(2_500);
  });
}

function superseding({ store, other }: StoreSubject): void {
  it('marks what has the key and a lower seq, and tells which', async () => {
    const log = freshInbox();
    const keys = ['cart', 'cart', undefined, 'Cart', 'cart', 'cart:1', 'cart'];
    const entries = await place(
      store(),
      keys.map((collapseKey) =>
        draftFor(log, { ...content, ...(collapseKey === undefined ? {} : { collapseKey }) }),
      ),
    );
    expect(await store().marks.supersede(log, 'cart', 7)).toEqual([1, 2, 5]);
    const expected = entries.map((entry) =>
      [1, 2, 5].includes(entry.seq) ? { ...entry, mark: 'superseded' } : entry,
    );
    expect(await readAll(other(), log)).toEqual(expected);
  });

  it('does nothing the second time, and goes on from there the third', async () => {
    const log = freshInbox();
    await place(store(), draftsFor(log, 3, { collapseKey: 'k' }));
    expect(await store().marks.supersede(log, 'k', 3)).toEqual([1, 2]);
    expect(await other().marks.supersede(log, 'k', 3)).toEqual([]);
    await place(store(), draftsFor(log, 2, { collapseKey: 'k' }));
    expect(await other().marks.supersede(log, 'k', 5)).toEqual([3, 4]);
  });

  it('leaves alone what has a mark already', async () => {
    const log = freshInbox();
    await place(store(), draftsFor(log, 4, { collapseKey: 'k' }));
    await store().marks.mark(log, [1], 'recalled');
    await store().marks.mark(log, [2], 'emptied');
    expect(await store().marks.supersede(log, 'k', 4)).toEqual([3]);
    const marks = (await readAll(other(), log)).map(({ mark }) => mark ?? 'absent');
    expect(marks).toEqual(['recalled', 'emptied', 'superseded', 'absent']);
  });

  it('finds nothing where there is none: another log, another key, nothing below', async () => {
    const [log, neighbour] = [freshInbox(), freshInbox()];
    const entries = await place(store(), [
      ...draftsFor(log, 2, { collapseKey: 'k' }),
      draftFor(neighbour, { collapseKey: 'k' }),
    ]);
    expect(await store().marks.supersede(freshInbox(), 'k', 9)).toEqual([]);
    expect(await store().marks.supersede(log, 'other', 9)).toEqual([]);
    expect(await store().marks.supersede(log, 'k', 1)).toEqual([]);
    expect([...(await readAll(other(), log)), ...(await readAll(other(), neighbour))]).toEqual(entries);
  });
}

function supersedingUnderRaces({ store, other }: StoreSubject): void {
  it('leaves one entry live when 16 writers append under one key and supersede what is older', async () => {
    const log = freshInbox();
    const told = await Promise.all(
      span(1, 16).map(async (writer) => {
        const which = writer % 2 ? store() : other();
        const seqs: number[] = [];
        for (const _ of span(1, 3)) {
          const [entry] = await place(which, [draftFor(log, { collapseKey: 'k' })]);
          seqs.push(...(await which.marks.supersede(log, 'k', entry!.seq)));
        }
        return seqs;
      }),
    );
    const entries = await readAll(store(), log);
    expect(seqsOf(entries)).toEqual(span(1, 48));
    expect(entries.filter(({ mark }) => !mark).map(({ seq }) => seq)).toEqual([48]);
    expect([...new Set(told.flat())].sort((a, b) => a - b)).toEqual(span(1, 47));
  });

  it('never tells as superseded what a recall has taken before', async () => {
    const log = freshInbox();
    await place(store(), draftsFor(log, 30, { collapseKey: 'k' }));
    const [told] = await Promise.all([
      store().marks.supersede(log, 'k', 31),
      ...span(1, 30).map((seq) => other().marks.mark(log, [seq], 'recalled')),
    ]);
    const entries = await readAll(store(), log);
    expect(new Set(entries.map(({ mark }) => mark))).toEqual(new Set(['recalled']));
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(await other().marks.supersede(log, 'k', 31)).toEqual([]);
  });
}
