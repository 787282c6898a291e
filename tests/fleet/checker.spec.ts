// The checker finds what it must find: a checker that cannot fail proves nothing.
import { describe, expect, it } from 'vitest';
import { check, type Seen } from './checker.ts';
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
});
