/**
 * What MessageLog promises to one writer and its readers.
 * Must never rely on a place that another run has taken.
 */
import { describe, expect, it } from 'vitest';
import { type Draft, entryId } from '../entry.js';
import { allLog, type LogKey, topicLog, userKey, userLog } from '../keys.js';
import {
  acceptedAt,
  dayMs,
  draftFor,
  draftsFor,
  freshInbox,
  freshName,
  freshTopic,
  span,
} from './specimens.js';
import { idsOf, place, readAll, type StoreSubject, seqsOf } from './store-subject.js';

/** Registers the suite. */
export function messageLogContract(subject: StoreSubject): void {
  describe('MessageLog', () => {
    appending(subject);
    keepingContent(subject);
    repeating(subject);
    reading(subject);
    readingMany(subject);
    lookingUp(subject);
  });
}

function appending({ store, other }: StoreSubject): void {
  it('gives the entries of a log the places 1, 2, 3', async () => {
    const log = freshInbox();
    for (const seq of [1, 2, 3]) {
      const draft = draftFor(log);
      expect(await store().log.append([draft])).toEqual([{ outcome: 'appended', entry: { ...draft, seq } }]);
    }
    expect(seqsOf(await readAll(other(), log))).toEqual([1, 2, 3]);
  });

  it('keeps the order of the drafts of one call', async () => {
    const log = freshInbox();
    await place(store(), draftsFor(log, 3));
    const drafts = draftsFor(log, 128);
    expect(seqsOf(await place(store(), drafts))).toEqual(span(4, 131));
    expect(idsOf((await readAll(other(), log)).slice(3))).toEqual(idsOf(drafts));
  });

  it('takes drafts for several logs in one call, in any mixture', async () => {
    const [a, b, c] = [freshInbox(), freshTopic(), allLog(freshName())];
    const drafts = [a, b, a, c, b, a].map((log) => draftFor(log));
    expect(seqsOf(await place(store(), drafts))).toEqual([1, 1, 2, 1, 2, 3]);
    expect(idsOf(await readAll(other(), a))).toEqual(idsOf([drafts[0]!, drafts[2]!, drafts[5]!]));
    expect(idsOf(await readAll(other(), b))).toEqual(idsOf([drafts[1]!, drafts[4]!]));
    expect(idsOf(await readAll(other(), c))).toEqual([drafts[3]!.id]);
  });

  it('takes 128 logs in one call', async () => {
    const tenant = freshName();
    const drafts = span(1, 128).map((n) => draftFor(userLog(userKey(tenant, `u${n}`))));
    const entries = await place(store(), drafts);
    expect(idsOf(entries)).toEqual(idsOf(drafts));
    expect(new Set(seqsOf(entries))).toEqual(new Set([1]));
  });

  it('takes no draft at all', async () => {
    expect(await store().log.append([])).toEqual([]);
  });

  it('goes on where another process has left a log', async () => {
    const log = freshInbox();
    for (const seq of span(1, 6)) {
      const entries = await place(seq % 2 ? store() : other(), [draftFor(log)]);
      expect(seqsOf(entries)).toEqual([seq]);
    }
  });

  it('never mixes logs whose names differ in kind, case or punctuation only', async () => {
    const tenant = freshName();
    const names = ['a', 'A', 'a.b', 'a_b', 'a-b', 'a:b', 'a@b', 'aXb'];
    const logs: LogKey[] = [
      ...names.map((name) => userLog(userKey(tenant, name))),
      ...names.map((name) => topicLog(tenant, name)),
      allLog(tenant),
      allLog(`${tenant}x`),
    ];
    const drafts = logs.map((log) => draftFor(log));
    await place(store(), drafts);
    for (const draft of drafts) expect(idsOf(await readAll(other(), draft.log))).toEqual([draft.id]);
  });
}

function keepingContent({ store, other }: StoreSubject): void {
  it('keeps every field as it was drafted, and the JSON texts to the letter', async () => {
    const log = freshInbox();
    const full: Draft = {
      id: freshName(),
      log,
      acceptedAt: acceptedAt + 7,
      expiresAt: acceptedAt + 123_456_789,
      event: 'a.b_c:d@e-F',
      data: '{ "b":1.0,"a" : [1e3,"é🙂\\u0000\\ud800"],\n"$set":{"x.y":null}, "b":2 }',
      notification: '{"title":"Grüße","body":"…","url":"/x?y=1"}',
      collapseKey: 'cart:42',
      origin: { fingerprint: 'f00d', recipients: 3, externalId: 'ext 1/2', metadata: '{"a":"\\n"}' },
    };
    const bare: Draft = { id: freshName(), log, acceptedAt, expiresAt: acceptedAt, event: 'e' };
    await place(store(), [full, bare]);
    const entries = await readAll(other(), log);
    expect(entries).toEqual([
      { ...full, seq: 1 },
      { ...bare, seq: 2 },
    ]);
    for (const field of ['data', 'notification', 'collapseKey', 'origin', 'mark'] as const) {
      expect(entries[1]?.[field] ?? 'absent').toBe('absent');
    }
  });

  it('keeps 64 KiB of data', async () => {
    const draft = draftFor(freshInbox(), { data: JSON.stringify('é'.repeat(32_767)) });
    await place(store(), [draft]);
    expect((await readAll(other(), draft.log))[0]?.data).toBe(draft.data);
  });
}

function repeating({ store, other }: StoreSubject): void {
  it('answers an id that is there already with the stored entry, whatever the new content', async () => {
    const draft = draftFor(freshInbox());
    const [entry] = await place(store(), [draft]);
    for (const again of [draft, { ...draft, event: 'changed', data: '1', expiresAt: 1 }]) {
      expect(await other().log.append([again])).toEqual([{ outcome: 'present', entry }]);
    }
    expect(await readAll(store(), draft.log)).toEqual([entry]);
  });

  it('takes an id once where one call has it several times', async () => {
    const draft = draftFor(freshInbox());
    const next = draftFor(draft.log);
    const outcomes = await store().log.append([draft, { ...draft, data: '"second"' }, next, draft]);
    expect(outcomes.map((each) => each.outcome)).toEqual(['appended', 'present', 'appended', 'present']);
    expect(outcomes[1]).toEqual({ outcome: 'present', entry: { ...draft, seq: 1 } });
    expect(await readAll(other(), draft.log)).toEqual([
      { ...draft, seq: 1 },
      { ...next, seq: 2 },
    ]);
  });

  it('answers an id that is in another log with the entry there, and leaves the new log alone', async () => {
    const draft = draftFor(freshInbox());
    const elsewhere = freshInbox();
    const [entry] = await place(store(), [draft]);
    expect(await other().log.append([{ ...draft, log: elsewhere }])).toEqual([{ outcome: 'present', entry }]);
    expect(await readAll(store(), elsewhere)).toEqual([]);
  });

  it('completes a list of which a part is there already', async () => {
    const log = freshInbox();
    const drafts = draftsFor(log, 6);
    const more = [freshInbox(), freshInbox()].map((each) => draftFor(each));
    await place(store(), [drafts[0]!, drafts[1]!, more[1]!]);
    const outcomes = await other().log.append([...drafts, ...more]);
    expect(outcomes.map((each) => each.outcome)).toEqual([
      ...['present', 'present', 'appended', 'appended', 'appended', 'appended'],
      ...['appended', 'present'],
    ]);
    expect(idsOf(await readAll(store(), log))).toEqual(idsOf(drafts));
  });
}

function reading({ store, other }: StoreSubject): void {
  it('reads from any cursor in pages of any size', async () => {
    const log = freshInbox();
    const entries = await place(store(), draftsFor(log, 25));
    for (const after of span(0, 26)) {
      for (const limit of [1, 7, 100]) {
        expect(await other().log.read(log, after, limit)).toEqual(entries.slice(after, after + limit));
      }
    }
  });

  it('reads nothing from a log that never was', async () => {
    expect(await store().log.read(freshInbox(), 0, 10)).toEqual([]);
  });

  it('tells the heads of 500 logs, 0 for those that never were', async () => {
    const tenant = freshName();
    const logs = span(1, 500).map((n) => userLog(userKey(tenant, `u${n}`)));
    const expected = new Map(logs.map((log, n) => [log, n % 3]));
    const drafts = logs.flatMap((log, n) => draftsFor(log, n % 3));
    for (let from = 0; from < drafts.length; from += 100)
      await place(store(), drafts.slice(from, from + 100));
    expect(new Map(await other().log.heads(logs))).toEqual(expected);
    expect(new Map(await other().log.heads([]))).toEqual(new Map());
  });
}

function readingMany({ store, other }: StoreSubject): void {
  it('reads many places as they would be read one by one, in their order', async () => {
    const tenant = freshName();
    const logs = span(1, 230).map((n) => userLog(userKey(tenant, `u${n}`)));
    const drafts = logs.flatMap((log, n) => draftsFor(log, n % 6));
    for (let from = 0; from < drafts.length; from += 100)
      await place(store(), drafts.slice(from, from + 100));
    const places = logs.map((log, n) => ({ log, after: n % 5 })).reverse();
    places.push({ log: logs[5]!, after: 0 }, { log: logs[5]!, after: 3 }, { log: logs[5]!, after: 0 });
    for (const limit of [1, 3, 100]) {
      const one = await Promise.all(places.map(({ log, after }) => store().log.read(log, after, limit)));
      expect(await other().log.readMany(places, limit)).toEqual(one);
    }
    expect(await other().log.readMany([], 10)).toEqual([]);
  });

  it('reads what is left of logs whose beginning is purged', async () => {
    const [purged, erased, whole] = [freshInbox(), freshInbox(), freshInbox()];
    const aged = { acceptedAt: acceptedAt - 40 * dayMs, expiresAt: acceptedAt - 33 * dayMs };
    await place(store(), [...draftsFor(purged, 30, aged), ...draftsFor(purged, 20)]);
    await place(store(), [...draftsFor(erased, 25), ...draftsFor(whole, 25)]);
    const bounds = { expiredBefore: acceptedAt, acceptedBefore: acceptedAt - 30 * dayMs, limit: 100 };
    expect(await store().keeping.purge(purged, bounds)).toBe(30);
    await store().keeping.erase(erased);
    const places = [0, 5, 22, 29, 30, 35, 49, 50, 60].flatMap((after) =>
      [purged, erased, whole].map((log) => ({ log, after })),
    );
    for (const limit of [1, 10, 100]) {
      const one = await Promise.all(places.map(({ log, after }) => store().log.read(log, after, limit)));
      expect(await other().log.readMany(places, limit)).toEqual(one);
    }
  });

  it('sees at once what was confirmed before', async () => {
    const logs = [freshInbox(), freshInbox(), freshInbox()];
    for (const seq of span(1, 4)) {
      const entries = await place(
        store(),
        logs.map((log) => draftFor(log)),
      );
      const places = logs.map((log) => ({ log, after: seq - 1 }));
      expect(await other().log.readMany(places, 10)).toEqual(entries.map((entry) => [entry]));
    }
  });
}

function lookingUp({ store, other }: StoreSubject): void {
  it('finds all entries of a message, the first addressee first, then by id', async () => {
    const tenant = freshName();
    const [m, a, b, z] = ['m', 'a', 'B', 'z'].map((name) => userLog(userKey(tenant, name)));
    const id = freshName();
    const drafts = [m!, z!, a!, b!].map((log, n) => draftFor(log, { id: entryId(id, log, n === 0) }));
    const entries = await place(store(), drafts);
    const found = await other().log.ofMessage(id);
    expect(found).toEqual([entries[0], entries[3], entries[2], entries[1]]);
  });

  it('never takes a message for another whose id begins like it or looks like a pattern of it', async () => {
    const log = freshInbox();
    const names = ['a.c', 'abc', 'a_c', 'a.cd', 'A.c', 'a.c-d'].map(
      (end) => `${freshName()}`.slice(0, 8) + end,
    );
    const drafts = names.flatMap((id) => [id, entryId(id, log, false)]).map((id) => draftFor(log, { id }));
    await place(store(), drafts);
    for (const id of names) {
      expect(idsOf(await other().log.ofMessage(id))).toEqual([id, entryId(id, log, false)]);
    }
    expect(await other().log.ofMessage(freshName())).toEqual([]);
  });

  it('finds the one entry of a message in a log', async () => {
    const [first, second, third] = [freshInbox(), freshInbox(), freshInbox()];
    const id = freshName();
    const drafts = [draftFor(first, { id }), draftFor(second, { id: entryId(id, second, false) })];
    const entries = await place(store(), drafts);
    expect(await other().log.entryOf(id, first)).toEqual(entries[0]);
    expect(await other().log.entryOf(id, second)).toEqual(entries[1]);
    expect(await other().log.entryOf(id, third)).toBeUndefined();
    expect(await other().log.entryOf(freshName(), first)).toBeUndefined();
  });
}
