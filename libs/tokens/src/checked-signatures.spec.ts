// A token that comes again: judged anew, but by a signature that held before.
import { beforeAll, describe, expect, it } from 'vitest';
import { CheckedSignatures } from './checked-signatures.js';
import { generateSigningKey, openSigningKey } from './key.js';
import { KeySet } from './key-set.js';
import { signToken } from './sign.js';
import { verifyToken } from './verify.js';

const names = { issuer: 'https://auth.example', audience: 'carillon' };
const now = 1_800_000_000_000;
const keys = new KeySet();
let first: Awaited<ReturnType<typeof generateSigningKey>>;
let second: typeof first;

beforeAll(async () => {
  first = await generateSigningKey({ createdAt: 0, alg: 'ES256' });
  second = await generateSigningKey({ createdAt: 0, alg: 'ES256' });
});

describe('a signature that was checked', () => {
  it('is not checked again', () => {
    keys.replace([first.publicJwk]);
    const checked = new CheckedSignatures(10);
    const key = keys.get(first.kid);
    // Nobody has signed this: whether it is accepted tells whether the signature is looked at.
    const token = `${issue().split('.').slice(0, 2).join('.')}.AAAA`;
    expect(verdict(token, checked)).toBe('refused');
    expect(checked.size).toBe(0);
    const claims = { iss: names.issuer, aud: names.audience, sub: '42', tenant: 'shop', iat: now / 1_000 };
    if (key) checked.note(token, { kid: first.kid, key, claims: { ...claims, exp: now / 1_000 + 60 } });
    expect(verdict(token, checked)).toBe('accepted');
  });

  it('does not make a token live longer', () => {
    keys.replace([first.publicJwk]);
    const checked = new CheckedSignatures(10);
    const token = issue();
    expect(verdict(token, checked)).toBe('accepted');
    expect(verdict(token, checked, now + 120_000)).toBe('expired');
  });

  it('counts no longer than its key, nor with another key of the same id', () => {
    const checked = new CheckedSignatures(10);
    const token = issue();
    keys.replace([first.publicJwk]);
    expect(verdict(token, checked)).toBe('accepted');
    keys.replace([{ ...second.publicJwk, kid: first.kid }]);
    expect(verdict(token, checked)).toBe('refused');
    expect(checked.size).toBe(0);
    keys.replace([first.publicJwk]);
    expect(verdict(token, checked)).toBe('accepted');
    keys.replace([second.publicJwk]);
    expect(verdict(token, checked)).toBe('unknown-key');
  });

  it('makes room for the next ones', () => {
    keys.replace([first.publicJwk]);
    const checked = new CheckedSignatures(2);
    for (const user of ['a', 'b', 'c']) expect(verdict(issue(user), checked)).toBe('accepted');
    expect(checked.size).toBe(2);
  });
});

function issue(user = '42'): string {
  const claims = { tenant: 'shop', user };
  return signToken({ signer: openSigningKey(first), claims, ...names, now, ttlMs: 60_000 }).token;
}

function verdict(token: string, checked: CheckedSignatures, at = now): string {
  return verifyToken({ token, keys, ...names, now: at, checked }).verdict;
}
