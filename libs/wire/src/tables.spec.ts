/** The tables of codes and limits, held together. */
import { describe, expect, it } from 'vitest';
import { closeCodes, closeVerdict } from './close-codes.js';
import { errorCodes } from './error-codes.js';
import { limits } from './limits.js';
import { isLogName, isName } from './names.js';

describe('closeVerdict', () => {
  it.each([
    [3999, 'back-off'],
    [4000, 'stop'],
    [4099, 'stop'],
    [4100, 'back-off'],
    [4199, 'back-off'],
    [4200, 'reconnect'],
    [4299, 'reconnect'],
    [4300, 'back-off'],
    [1006, 'back-off'],
    [1001, 'back-off'],
    [Number.NaN, 'back-off'],
  ])('answers %d with %s', (code, verdict) => {
    expect(closeVerdict(code)).toBe(verdict);
  });

  it('agrees with every error that closes a socket about whether it is worth another try', () => {
    for (const [code, kind] of Object.entries(errorCodes)) {
      if (!('closeCode' in kind)) continue;
      // An expired token is not retryable as it is; the socket comes back with a newer one.
      const isRetried = closeVerdict(kind.closeCode) !== 'stop' && code !== 'token_expired';
      expect([code, isRetried]).toEqual([code, kind.retryable]);
    }
  });

  it('knows each close code once', () => {
    const codes = Object.values(closeCodes);
    expect(new Set(codes).size).toBe(codes.length);
  });
});

describe('errorCodes', () => {
  it('has a status of HTTP and a title for each', () => {
    for (const { status, title } of Object.values(errorCodes)) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
      expect(title).toMatch(/^[A-Z]/);
    }
  });
});

describe('limits', () => {
  it('leave room for a full read frame, a full token frame and a full message', () => {
    const id = 'x'.repeat(128);
    const read = JSON.stringify({ type: 'read', ids: Array.from({ length: limits.readIdsMax }, () => id) });
    const token = JSON.stringify({ type: 'token', token: 'x'.repeat(limits.tokenBytesMax) });
    expect(Math.max(read.length, token.length)).toBeLessThanOrEqual(limits.frameBytesMax);
    expect(limits.serverFrameBytesMax).toBeGreaterThan(2 * limits.dataBytesMax);
  });
});

describe('names', () => {
  it.each(['a', '42', 'A.b_c:d@e-f', 'x'.repeat(128)])('accept %j', (name) => {
    expect(isName(name)).toBe(true);
  });

  it.each(['', 'x'.repeat(129), 'a b', 'a/b', 'é', 'a\n', 7, null, undefined, ['a']])('refuse %j', (name) => {
    expect(isName(name)).toBe(false);
  });

  it.each([
    ['user', true],
    ['all', true],
    ['topic:a', true],
    ['topic:', false],
    ['topic:a/b', false],
    ['user:42', false],
    ['', false],
    [undefined, false],
  ])('take %j for a log: %j', (name, isLog) => {
    expect(isLogName(name)).toBe(isLog);
  });
});
