/** Builders give what a spec would have written out. */
import { fateOf, logUser } from '@carillon/domain';
import { expect, it } from 'vitest';
import { device, draft, drafts, entry, inbox, startMs, user } from './builders.js';
import { FakeClock } from './fake-clock.js';

it('builds names that belong together', () => {
  expect(logUser(inbox())).toBe(user());
  expect(device()).toBe(`${user()}/phone`);
  expect(inbox('bob', 'acme')).toBe('acme/user:bob');
});

it('builds drafts that are alive when the fake clock starts, however they are accepted', () => {
  expect(new FakeClock().now()).toBe(startMs);
  expect(fateOf(entry(), startMs)).toBe('live');
  expect(draft({ acceptedAt: startMs + 5 }).expiresAt).toBeGreaterThan(startMs + 5);
});

it('builds several drafts with ids of their own', () => {
  expect(drafts(3, { event: 'e' }).map((each) => [each.id, each.event])).toEqual([
    ['m1', 'e'],
    ['m2', 'e'],
    ['m3', 'e'],
  ]);
});

it('takes what it is given', () => {
  expect(entry({ id: 'x', seq: 9, mark: 'recalled', data: '1' })).toEqual({
    ...draft({ id: 'x', data: '1' }),
    seq: 9,
    mark: 'recalled',
  });
});
