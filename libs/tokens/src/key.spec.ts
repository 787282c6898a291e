/** Keys: made, stored, read back, and refused when they are weak, damaged or of the wrong kind. */
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { PublicJwk } from '@carillon/domain';
import { isName } from '@carillon/wire';
import { describe, expect, it } from 'vitest';
import { generateSigningKey, openSigningKey, readVerificationKey, UnfitKey } from './key.js';
import { KeySet, keySetMax } from './key-set.js';

const secret = 'a secret of a test, long enough to be one';

describe('a signing key', () => {
  it('is RSA with 2048 bits for RS256 unless asked otherwise', async () => {
    const key = await generateSigningKey({ createdAt: 7 });
    expect(key.publicJwk).toMatchObject({ kty: 'RSA', alg: 'RS256', use: 'sig', kid: key.kid });
    expect(readVerificationKey(key.publicJwk).key.asymmetricKeyDetails?.modulusLength).toBe(2048);
    expect(key.createdAt).toBe(7);
    expect(isName(key.kid)).toBe(true);
  });

  it('has a public part without a private member', async () => {
    for (const alg of ['RS256', 'ES256'] as const) {
      const { publicJwk } = await generateSigningKey({ createdAt: 0, alg });
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'])
        expect(publicJwk).not.toHaveProperty(member);
    }
  });

  it('has the RFC 7638 thumbprint as its id', async () => {
    // The example of RFC 7638, section 3.1.
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJE' +
      'CPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Q' +
      'vzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6' +
      'WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
    const text = JSON.stringify({ e: 'AQAB', kty: 'RSA', n });
    const rfc = createHash('sha256').update(text).digest('base64url');
    expect(rfc).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
    const made = await generateSigningKey({ createdAt: 0 });
    const { e, kty, n: modulus } = made.publicJwk;
    const own = createHash('sha256')
      .update(JSON.stringify({ e, kty, n: modulus }))
      .digest('base64url');
    expect(made.kid).toBe(own);
  });

  it('is stored as PKCS 8 in clear without a secret and opens again', async () => {
    const stored = await generateSigningKey({ createdAt: 0 });
    expect(stored.privateKey).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(openSigningKey(stored)).toMatchObject({ kid: stored.kid, alg: 'RS256' });
    expect(openSigningKey(stored, secret).kid).toBe(stored.kid);
  });

  it('is encrypted with a secret and opens with that one only', async () => {
    const stored = await generateSigningKey({ createdAt: 0, secret });
    expect(stored.privateKey).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    expect(openSigningKey(stored, secret).key.type).toBe('private');
    expect(() => openSigningKey(stored, `${secret}!`)).toThrow(UnfitKey);
    expect(() => openSigningKey(stored)).toThrow(UnfitKey);
    expect(() => createPrivateKey(stored.privateKey)).toThrow();
  });

  it('does not open when somebody exchanged one of its halves', async () => {
    const [one, other] = await Promise.all([
      generateSigningKey({ createdAt: 0 }),
      generateSigningKey({ createdAt: 0 }),
    ]);
    expect(() => openSigningKey({ ...one, privateKey: other.privateKey })).toThrow(UnfitKey);
  });
});

describe('a public key from outside', () => {
  const rsa = (bits: number) => jwkOf(generateKeyPairSync('rsa', { modulusLength: bits }).publicKey);
  const ec = (namedCurve: string) => jwkOf(generateKeyPairSync('ec', { namedCurve }).publicKey);

  it.each([
    ['a 1024-bit RSA key', () => rsa(1024)],
    ['an EC key on another curve', () => ({ ...ec('P-384'), alg: 'ES256' })],
    ['an RSA key for ES256', () => ({ ...rsa(2048), alg: 'ES256' })],
    ['an EC key for RS256', () => ec('P-256')],
    ['a symmetric key', () => ({ kty: 'oct', k: 'AAAA', kid: 'k', alg: 'HS256', use: 'sig' })],
    ['the algorithm none', () => ({ ...rsa(2048), alg: 'none' })],
    ['an id with a path in it', () => ({ ...rsa(2048), kid: '../../dev/null' })],
    ['a damaged modulus', () => ({ ...rsa(2048), n: '!' })],
  ])('is refused when it is %s', (_, make) => {
    expect(() => readVerificationKey(make())).toThrow(UnfitKey);
  });

  it('is taken when it is RSA with 2048 bits', () => {
    expect(readVerificationKey(rsa(2048))).toMatchObject({ kid: 'outside', alg: 'RS256' });
  });

  function jwkOf(key: KeyObject): PublicJwk {
    return {
      ...(key.export({ format: 'jwk' }) as { kty: string }),
      kid: 'outside',
      alg: 'RS256',
      use: 'sig',
    };
  }
});

describe('a key set', () => {
  it('parses a key once and forgets the keys that left', async () => {
    const [one, two] = await Promise.all([
      generateSigningKey({ createdAt: 0 }),
      generateSigningKey({ createdAt: 0, alg: 'ES256' }),
    ]);
    const keys = new KeySet();
    keys.replace([one.publicJwk]);
    const first = keys.get(one.kid);
    expect(first?.alg).toBe('RS256');
    keys.replace([{ ...one.publicJwk }, two.publicJwk]);
    expect(keys.get(one.kid)).toBe(first);
    expect(keys.size).toBe(2);
    keys.replace([two.publicJwk]);
    expect(keys.get(one.kid)).toBeUndefined();
  });

  it('takes a changed key under an old id as a new one', async () => {
    const [one, two] = await Promise.all([
      generateSigningKey({ createdAt: 0, alg: 'ES256' }),
      generateSigningKey({ createdAt: 0, alg: 'ES256' }),
    ]);
    const keys = new KeySet();
    keys.replace([one.publicJwk]);
    keys.replace([{ ...two.publicJwk, kid: one.kid }]);
    expect(keys.get(one.kid)?.key.equals(readVerificationKey(two.publicJwk).key)).toBe(true);
  });

  it('stays as it was when one of the new keys cannot be used, or when they are too many', async () => {
    const one = await generateSigningKey({ createdAt: 0, alg: 'ES256' });
    const keys = new KeySet();
    keys.replace([one.publicJwk]);
    expect(() => keys.replace([{ kid: 'x', kty: 'RSA', alg: 'RS256', use: 'sig' }])).toThrow(UnfitKey);
    expect(() => keys.replace(Array.from({ length: keySetMax + 1 }, () => one.publicJwk))).toThrow(
      RangeError,
    );
    expect(keys.get(one.kid)).toBeDefined();
  });
});
