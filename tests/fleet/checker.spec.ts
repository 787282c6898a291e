// The checker finds what it must find: a checker that cannot fail proves nothing.
import { describe, expect, it } from 'vitest';
import { Checker, check, type Seen, windowMax } from './checker.ts';
import { Ledger } from './ledger.ts';
import type { Posted } from './poster.ts';

const promise = (id: string, postedAt: number, users = ['1']): Posted => ({
  id,
  users,
  postedAt,
  answeredAt: postedAt + 5,
  way: 'single',
});

const got = (seq: number, id: string, more: Partial<Seen> = {}): Seen => ({
  user: '1',
  device: 'd',
  at: 1_000 + seq,
  kind: 'got',
  seq,
  id,
  sentAt: 1_000,
  ...more,
});

const toMany = (id: string, postedAt: number, log = 'all'): Posted => ({
  ...promise(id, postedAt, []),
  ...{ log, way: 'many' },
});

/** Where a device begins in a log. */
const start = (at: number, from: number, more: Partial<Seen> = {}): Seen => ({
  ...{ user: '1', device: 'd', kind: 'start', log: 'all', at, from, resumed: true },
  ...more,
});

const clean = { missing: 0, againAfterAck: 0, outOfOrder: 0, moved: 0, strange: 0, gaps: 0 };

describe('the checker', () => {
  it('finds nothing wrong with a run in which everything arrived in order', () => {
    const verdict = check([promise('a', 10), promise('b', 20)], [got(1, 'a'), got(2, 'b')], []);
    expect(verdict).toMatchObject({ ...clean, acknowledged: 2, deliveries: 2, p50Ms: 2 });
  });

  it('misses what was promised to one of two users', () => {
    expect(check([promise('a', 10, ['1', '2'])], [got(1, 'a')], [])).toMatchObject({ ...clean, missing: 1 });
  });

  it('counts what came again after its ack', () => {
    const seen = [got(1, 'a'), got(1, 'a', { kind: 'again-after-ack' })];
    expect(check([promise('a', 10)], seen, [])).toMatchObject({ ...clean, againAfterAck: 1 });
  });

  it('sees that a later promise overtook an earlier one', () => {
    const seen = [got(1, 'b'), got(2, 'a')];
    expect(check([promise('a', 10), promise('b', 20)], seen, [])).toMatchObject({ ...clean, outOfOrder: 1 });
  });

  it('accepts any order of two that were under way at once', () => {
    const seen = [got(1, 'b'), got(2, 'a')];
    expect(check([promise('a', 10), promise('b', 12)], seen, [])).toMatchObject(clean);
  });

  it('sees a device go backwards', () => {
    const seen = [got(2, 'b'), got(1, 'a')];
    expect(check([promise('a', 10), promise('b', 20)], seen, [])).toMatchObject({ ...clean, outOfOrder: 1 });
  });

  it('sees that a place changed its message', () => {
    const seen = [got(1, 'a'), got(1, 'b', { kind: 'again' })];
    expect(check([promise('a', 10)], seen, [])).toMatchObject({ ...clean, moved: 1 });
  });

  it('sees a message at somebody to whom it was not sent', () => {
    const seen = [got(1, 'a', { user: '2' }), got(1, 'a')];
    expect(check([promise('a', 10)], seen, [])).toMatchObject({ ...clean, strange: 1 });
  });

  it('sees a denied resume', () => {
    const seen: Seen[] = [got(1, 'a'), { user: '1', device: 'd', at: 5, kind: 'welcome', resumed: false }];
    expect(check([promise('a', 10)], seen, [])).toMatchObject({ ...clean, gaps: 1 });
  });

  it('leaves the excluded times out of the latency, not out of the promises', () => {
    const seen = [got(1, 'a', { at: 90_000 }), got(2, 'b', { sentAt: 5_000, at: 5_010 })];
    const verdict = check([promise('a', 10), promise('b', 20)], seen, [{ from: 900, to: 1_100 }]);
    expect(verdict).toMatchObject({ ...clean, p99Ms: 10, maxMs: 89_000 });
  });

  it('counts more than a window again after one reconnect, log by log', () => {
    const again = (seq: number, log?: string) =>
      got(seq, `m${seq}`, { kind: 'again', ...(log ? { log } : {}) });
    const most = Array.from({ length: windowMax }, (_, at) => again(at + 1));
    expect(check([], [...most, again(1, 'all')], [])).toMatchObject({
      beyondWindow: 0,
      again: windowMax + 1,
    });
    expect(check([], [...most, again(1)], [])).toMatchObject({ beyondWindow: 1 });
    const welcome = start(1, 0, { kind: 'welcome', log: 'user' });
    expect(check([], [...most, welcome, again(1)], [])).toMatchObject({ beyondWindow: 0 });
  });

  it('counts what was skipped by its reason, and each frame that left something out', () => {
    const seen: Seen[] = [
      got(1, 'a'),
      { user: '1', device: 'd', at: 5, kind: 'skip', from: 2, to: 4, reason: 'expired' },
      { user: '1', device: 'd', at: 6, kind: 'jump', from: 7, to: 7 },
    ];
    expect(check([promise('a', 10)], seen, [])).toMatchObject({ ...clean, skips: { expired: 3 }, jumps: 1 });
  });

  it('says how far the time of acceptance is from when it can have been', () => {
    const seen = [got(1, 'a', { sentAt: 12 }), got(2, 'b', { sentAt: 905 }), got(3, 'c', { sentAt: 20 })];
    const posted = [promise('a', 10), promise('b', 500), promise('c', 30)];
    expect(check(posted, seen, [])).toMatchObject({ stampOffMs: 400 });
  });

  it('takes what was lost on purpose out of what is missing, and nothing else', () => {
    const checker = new Checker(new Ledger([promise('a', 10), promise('b', 20), promise('c', 30)]), {
      lost: [{ from: 20, to: 30 }],
    });
    checker.take(got(1, 'a'));
    expect(checker.verdict()).toMatchObject({ ...clean, missing: 1 });
  });
});

describe('the checker, of logs of many,', () => {
  it('owes a message to whoever followed the log when it was accepted', () => {
    const seen = [
      start(5, 0),
      start(5, 0, { user: '2', device: 'e' }),
      start(90, 1, { user: '3', device: 'f' }),
      got(1, 'a', { log: 'all' }),
    ];
    expect(check([toMany('a', 10)], seen, [])).toMatchObject({ ...clean, deliveries: 2, missing: 1 });
  });

  it('owes nothing to who began behind it, even if that was before the 202', () => {
    const seen = [start(5, 0), got(1, 'a', { log: 'all' }), start(12, 1, { user: '2', device: 'e' })];
    expect(check([toMany('a', 10)], seen, [])).toMatchObject({ ...clean, deliveries: 1 });
  });

  it('does not mix logs up', () => {
    const seen = [start(5, 0), start(5, 0, { log: 'topic:t' }), got(1, 'a', { log: 'topic:t' })];
    expect(check([toMany('a', 10)], seen, [])).toMatchObject({ ...clean, missing: 1, strange: 1 });
  });

  it('keeps a position of its own for each', () => {
    const seen = [
      ...[start(5, 0), got(1, 'a'), got(2, 'b')],
      ...[got(1, 'c', { log: 'all' }), got(2, 'd', { log: 'all' })],
    ];
    const posted = [promise('a', 10), promise('b', 20), toMany('c', 30), toMany('d', 40)];
    expect(check(posted, seen, [])).toMatchObject({ ...clean, acknowledged: 4, deliveries: 4 });
  });

  it('sees two devices that have different messages in one place', () => {
    const at = (device: string, id: string) => got(1, id, { log: 'all', user: device, device });
    expect(check([], [at('d', 'a'), at('e', 'b')], [])).toMatchObject({ ...clean, moved: 1 });
  });

  it('lets places begin anew with an epoch, and only then', () => {
    const welcome = (epoch: string) =>
      start(5, 0, { kind: 'welcome', log: 'user', epoch, resumed: epoch === 'one' });
    const posted = [promise('a', 10), promise('b', 20)];
    const seen = [welcome('one'), got(1, 'b'), welcome('two'), got(1, 'a')];
    expect(check(posted, seen, [])).toMatchObject({ ...clean, gaps: 1 });
    expect(check(posted, seen.toSpliced(2, 1), [])).toMatchObject({ moved: 1, outOfOrder: 1 });
  });
});
