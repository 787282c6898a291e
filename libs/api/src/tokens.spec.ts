/** What a request for a token may look like. */
import { describe, expect, it } from 'vitest';
import { tokenReply, tokenReplySchema, tokenRequestSchema } from './tokens.js';

describe('a request for a token', () => {
  it('needs no more than a user', () => {
    expect(tokenRequestSchema.parse({ user: '42' })).toEqual({ user: '42' });
  });

  it.each([
    ['1s', 1_000],
    ['20s', 20_000],
    ['900s', 900_000],
    ['15m', 900_000],
    [20, 20_000],
  ])('reads a ttl of %s as milliseconds', (ttl, ms) => {
    expect(tokenRequestSchema.parse({ user: '42', ttl }).ttl).toBe(ms);
  });

  it.each<[string, unknown]>([
    ['user', ''],
    ['user', '*'],
    ['user', '__proto__/x'],
    ['user', { $gt: '' }],
    ['device', 'a b'],
    ['topics', 'orders'],
    ['ttl', '0s'],
    ['ttl', '901s'],
    ['ttl', '16m'],
    ['ttl', '1h'],
    ['ttl', '-1s'],
    ['ttl', '1.5m'],
    ['ttl', 901],
    ['ttl', 0],
    ['ttl', null],
    ['tenant', 'other'],
  ])('is refused for its %s %j alone', (field, value) => {
    const issues = tokenRequestSchema.safeParse({ user: '42', [field]: value }).error?.issues;
    expect(issues).toHaveLength(1);
    expect(JSON.stringify(issues)).toContain(field);
  });

  it('names every wrong field at once', () => {
    const bad = { user: 'a/b', device: 7, topics: ['ok', 'a*b'], ttl: '1h', tenant: 'other' };
    const issues = tokenRequestSchema.safeParse(bad).error?.issues ?? [];
    const named = issues.map((issue) => ('keys' in issue ? issue.keys.join() : issue.path.join('/'))).sort();
    expect(named).toEqual(['device', 'tenant', 'topics/1', 'ttl', 'user']);
  });
});

it('replies with an ISO time', () => {
  const reply = tokenReply('a.b.c', 1_800_000_000_000);
  expect(tokenReplySchema.parse(reply)).toEqual({ token: 'a.b.c', expiresAt: '2027-01-15T08:00:00.000Z' });
});
