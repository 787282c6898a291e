// What rows are judged by says what it must say: a figure that cannot be bad proves nothing.
import { describe, expect, it } from 'vitest';
import type { Seen } from '../fleet/checker.ts';
import { Ledger } from '../fleet/ledger.ts';
import type { Posted } from '../fleet/poster.ts';
import { judgeStore } from './dump.ts';
import { History, type HistoryParts } from './history.ts';

const promise = (id: string, answeredAt: number, users = ['u']): Posted => ({
  ...{ id, users, answeredAt, postedAt: answeredAt - 5 },
  way: 'single',
});
const line = (kind: Seen['kind'], at: number, more: Partial<Seen> = {}): Seen => ({
  ...{ user: 'u', device: 'd', kind, at },
  ...more,
});
const entry = (seq: number, id: string, { n = seq, log = 't/user:u' } = {}) => ({
  ...{ _id: id, log, seq },
  data: JSON.stringify({ n }),
});

function historyOf(
  posted: readonly Posted[],
  seen: readonly Seen[],
  more: Partial<HistoryParts> = {},
): History {
  const ledger = new Ledger(posted);
  return new History({
    ledger,
    seen,
    ...more,
    liveShare: 1,
    store: judgeStore(
      posted.map(({ id }, at) => entry(at + 1, id)),
      ledger,
    ),
    poster: {
      accepted: posted.length,
      refusedForNow: 3,
      refusals: { 503: 2, 500: 1, cut: 4 },
      unhelpful: 1,
      slowestRefusalMs: 0,
      isDone: true,
    },
  });
}

describe('the dump', () => {
  it('finds nothing wrong with a dense log that holds each promise once', () => {
    const rows = [entry(1, 'a'), entry(2, 'b'), entry(1, 'b@t/user:w', { n: 2, log: 't/user:w' })];
    const verdict = judgeStore(rows, new Ledger([promise('a', 1), promise('b', 2, ['u', 'w'])]));
    expect(verdict).toEqual({ entries: 3, holes: 0, lost: 0, doubles: 0 });
  });

  it('finds a hole, a promise that is not there, and one message under two ids', () => {
    const rows = [entry(1, 'a'), entry(3, 'b', { n: 1 })];
    expect(judgeStore(rows, new Ledger([promise('a', 1), promise('c', 2)]))).toEqual({
      ...{ entries: 2, holes: 1 },
      ...{ lost: 1, doubles: 1 },
    });
  });
});

describe('the dump of logs of many', () => {
  const toAll: Posted = { ...promise('a', 1, []), log: 'all', way: 'many' };
  const inAll = (seq: number, id: string, { n, run = 'one' }: { n: number; run?: string }) => ({
    ...entry(seq, id, { log: 't/all' }),
    data: JSON.stringify({ n, run }),
  });

  it('finds what was promised to all, and misses it in any other log', () => {
    expect(judgeStore([inAll(1, 'a', { n: 1 })], new Ledger([toAll]))).toMatchObject({ lost: 0, doubles: 0 });
    expect(judgeStore([entry(1, 'a')], new Ledger([toAll]))).toMatchObject({ lost: 1 });
  });

  it('does not take the numbers of another run for a repetition', () => {
    const rows = [inAll(1, 'a', { n: 1 }), inAll(2, 'b', { n: 1, run: 'two' }), inAll(3, 'c', { n: 1 })];
    expect(judgeStore(rows, new Ledger([]))).toMatchObject({ doubles: 1 });
  });
});

describe('the dump of a purged log', () => {
  it('may begin anywhere, and has no hole from there on', () => {
    const rows = [entry(5, 'a'), entry(6, 'b'), entry(8, 'c')];
    expect(judgeStore(rows, new Ledger([]), { isPurged: true })).toMatchObject({ holes: 1 });
    expect(judgeStore(rows, new Ledger([]))).toMatchObject({ holes: 5 });
  });

  it('may hold entries whose content is broken or gone', () => {
    const rows = [
      { ...entry(1, 'a'), data: '{"n":' },
      { ...entry(2, 'b'), data: null },
    ];
    expect(judgeStore(rows, new Ledger([]))).toMatchObject({ holes: 0, doubles: 0 });
  });
});

describe('the history of a run', () => {
  it('counts delays from the 202, and bounds them by when that was', () => {
    const seen = [
      line('got', 150, { seq: 1, id: 'a', sentAt: 90 }),
      line('got', 900, { seq: 2, id: 'b', sentAt: 190 }),
    ];
    const history = historyOf([promise('a', 100), promise('b', 200)], seen);
    expect(history.longestMs).toBe(700);
    expect(history.longestBetween(0, 150)).toBe(50);
    expect(history.p99Between(150, 250)).toBe(700);
    expect(history.violations).toBe(0);
  });

  it('adds up what must not be', () => {
    const seen = [line('got', 150, { seq: 1, id: 'a' }), line('again-after-ack', 160, { seq: 1, id: 'a' })];
    expect(historyOf([promise('a', 100), promise('b', 200)], seen).violations).toBe(2);
  });

  it('lets a row expect what it is about, and nothing else', () => {
    const seen = [
      line('welcome', 1, { node: 'push-1', resumed: false }),
      line('skip', 2, { from: 1, to: 2, reason: 'poison' }),
    ];
    expect(historyOf([], seen).violations).toBe(3);
    expect(historyOf([], seen, { expects: ['gaps'] }).violations).toBe(2);
    expect(historyOf([], seen, { expects: ['skips'] }).violations).toBe(1);
  });

  it('counts what came again after one reconnect, not over all of them', () => {
    const again = (at: number) => line('again', at, { seq: 1, id: 'a' });
    const seen = [again(1), again(2), line('welcome', 3, { node: 'push-1' }), again(4)];
    expect(historyOf([], seen).againPerReconnectMax).toBe(2);
  });

  it('takes no refused connect for the end of a session', () => {
    const seen = [
      line('welcome', 1, { node: 'push-1' }),
      line('closed', 2, { code: 1006 }),
      line('closed', 3, { code: 1006 }),
    ];
    expect(historyOf([], seen).endings()).toEqual([{ user: 'u', at: 2, code: 1006, node: 'push-1' }]);
  });

  it('says when the last one had left a node, and that one has not', () => {
    const seen = [
      line('welcome', 1, { node: 'push-1' }),
      line('welcome', 1, { node: 'push-1', user: 'w' }),
      line('welcome', 50, { node: 'push-2' }),
    ];
    expect(historyOf([], seen).movedWithinMs('push-1', 10)).toBe(Number.POSITIVE_INFINITY);
    const all = [...seen, line('welcome', 80, { node: 'push-2', user: 'w' })];
    expect(historyOf([], all).movedWithinMs('push-1', 10)).toBe(70);
  });

  it('calls every answer wrong that is neither a 202 nor a 503 with a time', () => {
    expect(historyOf([], []).wrongAnswers).toBe(2);
  });
});
