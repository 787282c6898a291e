/**
 * What Receipts promises: additions that add up to one row per id, and connections as they were last written.
 */
import { describe, expect, it } from 'vitest';
import { deviceKey, type LogKey, type UserKey, userKey, userLog } from '../keys.js';
import {
  type ConnectionRecord,
  type Receipt,
  type ReceiptAddition,
  receiptId,
  type TimedRange,
} from '../receipt.js';
import { freshName, freshTopic, freshUser, span } from './specimens.js';
import type { StoreSubject } from './store-subject.js';

/** Registers the suite. */
export function receiptsContract(subject: StoreSubject): void {
  describe('Receipts', () => {
    adding(subject);
    addingAgain(subject);
    findingReceipts(subject);
    findingManyReceipts(subject);
    connections(subject);
    forgetting(subject);
  });
}

function adding({ store, other }: StoreSubject): void {
  it('adds up the additions of one row, of one call and of several', async () => {
    const now = await store().facts.now();
    const user = freshUser();
    const log = userLog(user);
    const row = rowOf(user, log, now);
    const first: ReceiptAddition = {
      ...row,
      sent: [{ ...range(1, 3, now), way: 'live' }],
      settled: [range(1, 2, now + 5)],
      failed: [2],
      unhandled: [1],
    };
    const second: ReceiptAddition = {
      ...row,
      sent: [{ ...range(4, 6, now), way: 'replay' }],
      settled: [],
      failed: [],
      unhandled: [5, 6],
    };
    const third: ReceiptAddition = {
      ...row,
      sent: [],
      settled: [range(3, 6, now + 9)],
      failed: [4],
      unhandled: [],
    };
    await store().receipts.record([first, second], []);
    await other().receipts.record([third], []);
    const sum: Receipt = {
      ...row,
      sent: [...first.sent, ...second.sent],
      settled: [...first.settled, ...third.settled],
      failed: [2, 4],
      unhandled: [1, 5, 6],
    };
    for (const seq of [1, 4, 6]) expect(await store().receipts.ofEntry(log, seq, user)).toEqual([sum]);
  });

  it('loses no addition when 30 race for one row', async () => {
    const now = await store().facts.now();
    const user = freshUser();
    const log = userLog(user);
    const row = rowOf(user, log, now);
    await Promise.all(
      span(1, 30).map((seq) =>
        (seq % 2 ? store() : other()).receipts.record(
          [{ ...row, sent: [{ ...range(seq, seq, now), way: 'live' }], settled: [range(seq, seq, now)] }],
          [],
        ),
      ),
    );
    const [found, ...others] = await other().receipts.ofEntry(log, 17, user);
    expect(others).toEqual([]);
    expect(found!.sent.map((each) => each.from).sort((a, b) => a - b)).toEqual(span(1, 30));
    expect(found!.settled.map((each) => each.from).sort((a, b) => a - b)).toEqual(span(1, 30));
  });

  it('takes nothing at all', async () => {
    await expect(store().receipts.record([], [])).resolves.toBeUndefined();
  });

  it('keeps the row of an ephemeral device', async () => {
    const now = await store().facts.now();
    const user = freshUser();
    const { device: _, ...row } = rowOf(user, userLog(user), now);
    await store().receipts.record([{ ...row, settled: [range(1, 1, now)] }], []);
    const [found] = await other().receipts.ofEntry(userLog(user), 1, user);
    expect(found?.connection).toBe(row.connection);
    expect(found?.device ?? 'absent').toBe('absent');
  });
}

function addingAgain({ store, other }: StoreSubject): void {
  it('counts nothing twice when a flush is written again, in part or with more', async () => {
    const now = await store().facts.now();
    const user = freshUser();
    const log = userLog(user);
    const row = rowOf(user, log, now);
    const flush: ReceiptAddition = {
      ...row,
      sent: [{ ...range(1, 6, now), way: 'live' }],
      settled: [range(1, 4, now + 5)],
      failed: [2],
      unhandled: [3, 4],
    };
    await store().receipts.record([flush, { ...flush, failed: [2, 5], sent: [] }], []);
    await other().receipts.record([{ ...flush, settled: [range(3, 6, now + 5)] }], []);
    const sum: Receipt = { ...flush, settled: [range(1, 6, now + 5)], failed: [2, 5] };
    for (const seq of [1, 5]) expect(await store().receipts.ofEntry(log, seq, user)).toEqual([sum]);
  });

  it('gives the same whatever the order in which the additions came', async () => {
    const now = await store().facts.now();
    const user = freshUser();
    const log = userLog(user);
    const [one, another] = [rowOf(user, log, now), rowOf(user, log, now)];
    const parts = span(1, 5).map((n) => ({ settled: [range(1, n, now + n)], failed: [n] }));
    await store().receipts.record(
      parts.map((part) => ({ ...one, ...part })),
      [],
    );
    for (const part of [...parts].reverse()) await other().receipts.record([{ ...another, ...part }], []);
    const found = await store().receipts.ofEntry(log, 1, user);
    expect(found).toHaveLength(2);
    for (const { settled, failed } of found) {
      expect([settled, failed]).toEqual([parts.flatMap((part) => part.settled), span(1, 5)]);
    }
  });

  it('finds an entry in the middle of ranges however wide they are', async () => {
    const now = await store().facts.now();
    const user = freshUser();
    const log = userLog(user);
    const rows = [1, 300, 5_000, 1_000_000].map((width) => ({
      ...rowOf(user, log, now),
      settled: [range(1_000_000 - width, 1_000_000 + width, now)],
    }));
    await store().receipts.record(rows, []);
    const found = async (seq: number) => (await other().receipts.ofEntry(log, seq, user)).length;
    const counts = [1_000_000, 1_000_002, 1_000_301, 994_999, 1, 0, 2_000_001];
    expect(await Promise.all(counts.map(found))).toEqual([4, 3, 2, 1, 1, 1, 0]);
  });
}

function findingReceipts({ store, other }: StoreSubject): void {
  it('finds a row by the ends and the middle of its ranges, and by nothing outside', async () => {
    const now = await store().facts.now();
    const user = freshUser();
    const log = userLog(user);
    const sent = { ...rowOf(user, log, now), sent: [{ ...range(3, 5, now), way: 'live' as const }] };
    const settled = { ...rowOf(user, log, now), settled: [range(8, 9, now), range(12, 12, now)] };
    await store().receipts.record([sent, settled], []);
    const found = async (seq: number) =>
      (await other().receipts.ofEntry(log, seq, user)).map((each) => each.id);
    for (const seq of [3, 4, 5]) expect(await found(seq)).toEqual([sent.id]);
    for (const seq of [8, 9, 12]) expect(await found(seq)).toEqual([settled.id]);
    for (const seq of [1, 2, 6, 7, 10, 11, 13]) expect(await found(seq)).toEqual([]);
  });

  it('finds the rows of all connections of the user', async () => {
    const now = await store().facts.now();
    const user = freshUser();
    const log = userLog(user);
    const rows = span(1, 3).map(() => ({ ...rowOf(user, log, now), settled: [range(1, 1, now)] }));
    await store().receipts.record(rows, []);
    const found = await other().receipts.ofEntry(log, 1, user);
    expect(found.map((each) => each.id).sort()).toEqual(rows.map((each) => each.id).sort());
  });

  it('gives for a topic the rows of this user only', async () => {
    const now = await store().facts.now();
    const tenant = freshName();
    const [ann, bob, cid] = ['ann', 'bob', 'cid'].map((name) => userKey(tenant, name));
    const log = freshTopic();
    const rows = [ann!, bob!].map((user) => ({ ...rowOf(user, log, now), settled: [range(1, 4, now)] }));
    await store().receipts.record(rows, []);
    expect((await other().receipts.ofEntry(log, 2, ann!)).map((each) => each.id)).toEqual([rows[0]!.id]);
    expect((await other().receipts.ofEntry(log, 2, bob!)).map((each) => each.id)).toEqual([rows[1]!.id]);
    expect(await other().receipts.ofEntry(log, 2, cid!)).toEqual([]);
  });
}

function findingManyReceipts({ store, other }: StoreSubject): void {
  it('finds the rows of many places in their order, and none where there are none', async () => {
    const now = await store().facts.now();
    const users = span(1, 230).map(() => freshUser());
    const rows = users.slice(0, 229).map((user, at) => ({
      ...rowOf(user, userLog(user), now),
      settled: [range(at + 1, at + 1, now)],
    }));
    await store().receipts.record(rows, []);
    const places = users.map((user, at) => ({ log: userLog(user), seq: at + 1, user })).reverse();
    const found = await other().receipts.ofEntries(places);
    expect(found.map((each) => each.map(({ id }) => id))).toEqual([
      [],
      ...rows.map(({ id }) => [id]).reverse(),
    ]);
    const past = places.map((place) => ({ ...place, seq: place.seq + 1 }));
    expect((await other().receipts.ofEntries(past)).flat()).toEqual([]);
    expect(await other().receipts.ofEntries([])).toEqual([]);
  });

  it('tells places of one log and users of one topic apart', async () => {
    const now = await store().facts.now();
    const [ann, bob] = [freshUser(), freshUser()];
    const log = freshTopic();
    const rows = [ann, bob].map((user, at) => ({
      ...rowOf(user, log, now),
      settled: [range(1 + at, 3 + at, now)],
    }));
    await store().receipts.record(rows, []);
    const found = await other().receipts.ofEntries([
      { log, seq: 1, user: ann },
      { log, seq: 1, user: bob },
      { log, seq: 3, user: bob },
      { log, seq: 3, user: ann },
      { log, seq: 4, user: ann },
    ]);
    const [ofAnn, ofBob] = rows.map(({ id }) => id);
    expect(found.map((each) => each.map(({ id }) => id))).toEqual([[ofAnn], [], [ofBob], [ofAnn], []]);
  });
}

function connections({ store, other }: StoreSubject): void {
  it('keeps a connection as it was last written, whole', async () => {
    const now = await store().facts.now();
    const user = freshUser();
    const open: ConnectionRecord = {
      ...connectionOf(user, now),
      device: deviceKey(user, 'd'),
      app: 'shop 1.2',
    };
    await store().receipts.record([], [open]);
    expect(await other().receipts.connectionsOf(user, 0, 10)).toEqual([open]);
    const { app: _, ...rest } = open;
    const closed = { ...rest, closedAt: now + 5, closeCode: 4200 };
    await other().receipts.record([], [open, closed]);
    expect(await store().receipts.connectionsOf(user, 0, 10)).toEqual([closed]);
  });

  it('lists those that were open after a time, newest first, up to the limit', async () => {
    const now = await store().facts.now();
    const user = freshUser();
    const at = (openedAt: number, closedAt?: number): ConnectionRecord => ({
      ...connectionOf(user, now + openedAt),
      ...(closedAt === undefined ? {} : { closedAt: now + closedAt, closeCode: 1000 }),
    });
    const records = [at(0), at(10, 20), at(30, 40), at(50)];
    const stranger = connectionOf(freshUser(), now);
    await store().receipts.record([], [...records, stranger]);
    const ids = async (since: number, limit: number) =>
      (await other().receipts.connectionsOf(user, now + since, limit)).map((each) => each.id);
    const [a, b, c, d] = records.map((each) => each.id);
    expect(await ids(-1, 10)).toEqual([d, c, b, a]);
    expect(await ids(25, 10)).toEqual([d, c, a]);
    expect(await ids(45, 10)).toEqual([d, a]);
    expect(await ids(-1, 2)).toEqual([d, c]);
  });
}

function forgetting({ store, other }: StoreSubject): void {
  it('forgets the receipts and connections of a user, and nobody whose name is like theirs', async () => {
    const now = await store().facts.now();
    const tenant = freshName();
    const users = ['u', 'u1', 'U', 'u@x'].map((name) => userKey(tenant, name));
    const topic = freshTopic();
    const rows = users.flatMap((user) =>
      [userLog(user), topic].map((log) => ({ ...rowOf(user, log, now), settled: [range(1, 1, now)] })),
    );
    await store().receipts.record(
      rows,
      users.map((user) => connectionOf(user, now)),
    );
    await other().receipts.forget(users[0]!);
    for (const [n, user] of users.entries()) {
      const left = await store().receipts.ofEntries(
        [userLog(user), topic].map((log) => ({ log, seq: 1, user })),
      );
      const open = await store().receipts.connectionsOf(user, 0, 10);
      expect([...left, open].map((each) => each.length)).toEqual(n === 0 ? [0, 0, 0] : [1, 1, 1]);
    }
    await store().receipts.forget(users[0]!);
  });
}

function rowOf(user: UserKey, log: LogKey, at: number): ReceiptAddition {
  const connection = freshName();
  return {
    id: receiptId(connection, log, at),
    log,
    user,
    device: deviceKey(user, 'd'),
    connection,
    node: 'push-1',
    sent: [],
    settled: [],
    failed: [],
    unhandled: [],
  };
}

function range(from: number, to: number, at: number): TimedRange {
  return { from, to, at };
}

function connectionOf(user: UserKey, openedAt: number): ConnectionRecord {
  return { id: freshName(), user, node: 'push-1', transport: 'websocket', openedAt };
}
