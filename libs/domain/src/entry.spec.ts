/** What becomes of an entry, and how its id leads to its message. */
import { describe, expect, it } from 'vitest';
import { entryId, fateOf, type Mark, messageIdOf } from './entry.js';
import { userKey, userLog } from './keys.js';

describe('the fate of an entry', () => {
  it.each<{ is: string; mark?: Mark; expiresAt: number; fate: string }>([
    { is: 'live before it expires', expiresAt: 1_001, fate: 'live' },
    { is: 'expired at the very time', expiresAt: 1_000, fate: 'expired' },
    { is: 'expired afterwards', expiresAt: 999, fate: 'expired' },
    { is: 'superseded while it would be live', mark: 'superseded', expiresAt: 9_999, fate: 'superseded' },
    { is: 'superseded also when it has expired', mark: 'superseded', expiresAt: 1, fate: 'superseded' },
    { is: 'recalled while it would be live', mark: 'recalled', expiresAt: 9_999, fate: 'recalled' },
    { is: 'recalled also when it has expired', mark: 'recalled', expiresAt: 1, fate: 'recalled' },
    {
      is: 'expired once it is emptied, however long it would live',
      mark: 'emptied',
      expiresAt: 9_999,
      fate: 'expired',
    },
  ])('is $is', ({ fate, mark, expiresAt }) => {
    expect(fateOf({ expiresAt, ...(mark ? { mark } : {}) }, 1_000)).toBe(fate);
  });
});

describe('the id of an entry', () => {
  const log = userLog(userKey('acme', 'a@b:c'));

  it('is the message for the first addressee and names the log for the others', () => {
    expect(entryId('01JX', log, true)).toBe('01JX');
    expect(entryId('01JX', log, false)).toBe('01JX@acme/user:a@b:c');
  });

  it('leads to the message, also where the log has an @ in its name', () => {
    for (const isFirst of [true, false]) expect(messageIdOf(entryId('01JX', log, isFirst))).toBe('01JX');
  });
});
