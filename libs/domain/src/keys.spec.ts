/** Keys can be taken apart again and never mix two tenants, whatever the names look like. */
import { describe, expect, it } from 'vitest';
import {
  allLog,
  deviceKey,
  deviceName,
  deviceUser,
  incarnation,
  logFromWire,
  logUser,
  tenantOf,
  topicLog,
  userKey,
  userLog,
  userName,
  wireLog,
} from './keys.js';

/** All of them are names; most of them look like a part of a key. */
const hostile = [
  'a',
  'all',
  'user',
  'user:',
  'user:all',
  'topic:',
  'topic:x',
  '@',
  'a@b',
  '.',
  '..',
  ':',
  '-_',
  '__proto__',
];
const pairs = hostile.flatMap((tenant) => hostile.map((name) => [tenant, name] as const));

describe('a key of hostile names', () => {
  it.each(pairs)('of tenant %s and name %s comes apart as it was made', (tenant, name) => {
    const user = userKey(tenant, name);
    expect([tenantOf(user), userName(user)]).toEqual([tenant, name]);
    const device = deviceKey(user, name);
    expect([tenantOf(device), deviceUser(device), deviceName(device)]).toEqual([tenant, user, name]);
    for (const log of [userLog(user), topicLog(tenant, name), allLog(tenant)])
      expect(tenantOf(log)).toBe(tenant);
    expect(logUser(userLog(user))).toBe(user);
    expect([logUser(topicLog(tenant, name)), logUser(allLog(tenant))]).toEqual([undefined, undefined]);
  });

  it('is the key of nothing else', () => {
    const users = pairs.map(([tenant, name]) => userKey(tenant, name));
    const devices = users.flatMap((user) => hostile.map((name) => deviceKey(user, name)));
    const logs = [
      ...users.map(userLog),
      ...pairs.map(([tenant, name]) => topicLog(tenant, name)),
      ...hostile.map(allLog),
    ];
    for (const keys of [users, devices, logs]) expect(new Set<string>(keys).size).toBe(keys.length);
  });
});

describe('a name that is none', () => {
  it.each(['', 'a/b', '/', 'a b', 'ü', 'a\n', 'a\u0000', '*', '>', 'x'.repeat(129)])(
    'is refused: %j',
    (bad) => {
      const user = userKey('demo', 'ann');
      for (const make of [
        () => userKey(bad, 'ann'),
        () => userKey('demo', bad),
        () => deviceKey(user, bad),
        () => topicLog(bad, 'x'),
        () => topicLog('demo', bad),
        () => allLog(bad),
      ]) {
        expect(make).toThrow(RangeError);
      }
      expect(logFromWire(user, `topic:${bad}`)).toBeUndefined();
    },
  );

  it('is not repeated at length in the error', () => {
    let message = '';
    try {
      userKey('demo', ' '.repeat(100_000));
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message.length).toBeLessThan(100);
    expect(message).toContain('not a name');
  });
});

describe('the name of a log in frames', () => {
  it.each(pairs)('leads back to the log and tells neither tenant nor user (%s, %s)', (tenant, name) => {
    const user = userKey(tenant, name);
    for (const [log, wire] of [
      [userLog(user), 'user'],
      [topicLog(tenant, name), `topic:${name}`],
      [allLog(tenant), 'all'],
    ] as const) {
      expect(wireLog(log)).toBe(wire);
      expect(logFromWire(user, wire)).toBe(log);
    }
  });

  it.each(['', 'users', 'user:ann', 'topic', 'topic:', 'ALL', 'all ', 'demo/all', '__proto__'])(
    'is no log: %j',
    (wire) => {
      expect(logFromWire(userKey('demo', 'ann'), wire)).toBeUndefined();
    },
  );
});

describe('an incarnation', () => {
  it('names one boot of a node and is one token of a subject', () => {
    const boot = incarnation('push-1', '01JX_ab');
    expect(boot.split('~')).toEqual(['push-1', '01JX_ab']);
    expect(boot).toMatch(/^[A-Za-z0-9_~-]+$/);
  });

  it.each(['', 'a.b', 'a~b', 'a b', '*', '>', 'a/b', 'x'.repeat(65)])('is refused for %j', (bad) => {
    expect(() => incarnation(bad, 'boot')).toThrow(RangeError);
    expect(() => incarnation('node', bad)).toThrow(RangeError);
  });
});
