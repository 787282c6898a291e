// Laws of the small rules: keys, fates, waiting times.
import {
  fateOf,
  fullJitterMs,
  jittered,
  logFromWire,
  logUser,
  type Mark,
  tenantOf,
  userKey,
  userLog,
  userName,
  wireLog,
} from '@carillon/domain';
import { SeededRandom } from '@carillon/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { anyLog, anyName, anySeq } from './arbitrary.js';

const anyPair = fc.tuple(anyName, anyName);

it('a key can be taken apart again, whatever characters its names have', () => {
  fc.assert(
    fc.property(anyName, anyName, (tenant, user) => {
      const key = userKey(tenant, user);
      expect([tenantOf(key), userName(key)]).toEqual([tenant, user]);
      expect(logUser(userLog(key))).toBe(key);
    }),
  );
});

it('two users never share a log', () => {
  fc.assert(
    fc.property(anyPair, anyPair, (one, other) => {
      fc.pre(one[0] !== other[0] || one[1] !== other[1]);
      expect(userLog(userKey(...one))).not.toBe(userLog(userKey(...other)));
    }),
  );
});

it('a wire name leads back to the log of the same tenant, and never to another user', () => {
  fc.assert(
    fc.property(anyLog, anyName, (log, user) => {
      const asking = userKey(tenantOf(log), user);
      const found = logFromWire(asking, wireLog(log));
      expect(found).toBe(logUser(log) ? userLog(asking) : log);
    }),
  );
});

it('an entry that is not live stays so: time and marks never bring it back', () => {
  const anyMark = fc.constantFrom<Mark | undefined>(undefined, 'superseded', 'recalled', 'emptied');
  fc.assert(
    fc.property(fc.tuple(anySeq, anySeq, fc.nat()), anyMark, ([expiresAt, now, later], mark) => {
      const entry = { expiresAt, ...(mark === undefined ? {} : { mark }) };
      const fate = fateOf(entry, now);
      if (fate !== 'live') expect(fateOf(entry, now + later)).toBe(fate);
      if (mark === undefined) expect(fate).toBe(expiresAt <= now ? 'expired' : 'live');
    }),
  );
});

const anyBounds = fc.tuple(fc.integer({ min: 1, max: 5_000 }), fc.nat(60_000));

it('waiting times keep their bounds at any attempt', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(2_000), anyBounds, (seed, attempt, [minMs, more]) => {
      const bounds = { minMs, maxMs: minMs + more };
      const waitMs = fullJitterMs(new SeededRandom(seed), attempt, bounds);
      expect(waitMs).toBeGreaterThanOrEqual(minMs / 2);
      expect(waitMs).toBeLessThanOrEqual(bounds.maxMs);
      const pauseMs = jittered(new SeededRandom(seed), minMs);
      expect(pauseMs).toBeGreaterThan(minMs * 0.7);
      expect(pauseMs).toBeLessThanOrEqual(minMs);
    }),
  );
});
