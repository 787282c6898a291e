/**
 * Tokens: what is signed is accepted, and what an attacker sends is refused (security.md, row JWT; RFC 8725).
 */
import { createHmac, createPublicKey, generateKeyPairSync, sign as rawSign } from 'node:crypto';
import { limits } from '@carillon/wire';
import jwt from 'jsonwebtoken';
import { beforeAll, describe, expect, it } from 'vitest';
import { CheckedSignatures } from './checked-signatures.js';
import { isTopicAllowed, tokenSkewMs } from './claims.js';
import { generateSigningKey, openSigningKey, type TokenSigner } from './key.js';
import { KeySet } from './key-set.js';
import { signToken, TokenTooBig } from './sign.js';
import { verifyToken } from './verify.js';

const now = 1_800_000_000_000;
const nowS = now / 1_000;
const issuer = 'https://auth.example';
const audience = 'carillon';
const keys = new KeySet();
let rs: TokenSigner;
let es: TokenSigner;
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });

beforeAll(async () => {
  const stored = await Promise.all([
    generateSigningKey({ createdAt: 0 }),
    generateSigningKey({ createdAt: 0, alg: 'ES256' }),
  ]);
  keys.replace(stored.map((key) => key.publicJwk));
  [rs, es] = stored.map((key) => openSigningKey(key)) as [TokenSigner, TokenSigner];
});

describe('a token that was signed here', () => {
  it.each(['RS256', 'ES256'])('is accepted with all its claims (%s)', (alg) => {
    const signer = alg === 'RS256' ? rs : es;
    const claims = { tenant: 'shop', user: 'ann@example.org', device: 'tab-1', topics: ['orders.*', 'news'] };
    const issued = signToken({ signer, claims, issuer, audience, now: now + 999, ttlMs: 20_000 });
    expect(issued.expiresAt).toBe(now + 20_000);
    expect(verdictOf(issued.token)).toEqual({ verdict: 'accepted', ...claims, expiresAt: now + 20_000 });
  });

  it('is accepted without the optional claims', () => {
    expect(verdictOf(issue())).toEqual({
      verdict: 'accepted',
      tenant: 'shop',
      user: 'ann',
      expiresAt: now + 60_000,
    });
  });

  it('counts until it has expired and the skew has passed, then is expired', () => {
    const token = issue();
    const end = now + 60_000 + tokenSkewMs;
    expect(verdictOf(token, { now: end - 1 }).verdict).toBe('accepted');
    expect(verdictOf(token, { now: end }).verdict).toBe('expired');
  });

  it('is accepted by a process whose clock is behind by less than the skew', () => {
    expect(verdictOf(issue(), { now: now - tokenSkewMs }).verdict).toBe('accepted');
    expect(verdictOf(issue(), { now: now - tokenSkewMs - 1 }).verdict).toBe('refused');
  });

  it('is accepted as well when another program signed it with the key', () => {
    const payload = { iss: issuer, aud: audience, sub: 'ann', tenant: 'shop', iat: nowS, exp: nowS + 60 };
    const token = jwt.sign(payload, rs.key, { algorithm: 'RS256', keyid: rs.kid });
    expect(verdictOf(token).verdict).toBe('accepted');
  });

  it('is of an unknown key where its key is not known', () => {
    expect(verdictOf(issue(), { keys: new Map() }).verdict).toBe('unknown-key');
  });

  it('is refused, not expired, elsewhere', () => {
    const late = { now: now + 3_600_000 };
    expect(verdictOf(issue(), { ...late, issuer: 'https://other.example' }).verdict).toBe('refused');
    expect(verdictOf(issue(), { ...late, audience: 'other' }).verdict).toBe('refused');
  });
});

describe('signing', () => {
  it('refuses what would not be accepted: lifetimes and names out of range', () => {
    for (const ttlMs of [999, limits.tokenTtlMaxMs + 1, Number.NaN])
      expect(() => issue({ ttlMs })).toThrow(RangeError);
    for (const user of ['', 'a b', 'a/b', 'x'.repeat(129)]) expect(() => issue({ user })).toThrow(RangeError);
    expect(() => issue({ topics: ['a*b'] })).toThrow(RangeError);
    expect(verdictOf(issue({ ttlMs: limits.tokenTtlMaxMs })).verdict).toBe('accepted');
  });

  it('refuses topics that do not fit into a token', () => {
    const topics = Array.from({ length: 40 }, (_, index) => `${index}`.padEnd(100, 'x'));
    expect(() => issue({ topics })).toThrow(TokenTooBig);
    const token = issue({ topics: topics.slice(0, 20) });
    expect(verdictOf(token).verdict).toBe('accepted');
  });

  function issue(change: { ttlMs?: number; user?: string; topics?: string[] }): string {
    const { ttlMs = 60_000, user = 'ann', topics = [] } = change;
    const claims = { tenant: 'shop', user, topics };
    return signToken({ signer: rs, claims, issuer, audience, now, ttlMs }).token;
  }
});

describe('a forged token', () => {
  const publicPem = () => createPublicKey(rs.key).export({ type: 'spki', format: 'pem' }) as string;
  const hmac = (text: string) => createHmac('sha256', publicPem()).update(text).digest('base64url');

  it.each<[string, () => string]>([
    ['has the algorithm none and no signature', () => `${head({ alg: 'none' })}.${body()}.`],
    [
      'has the algorithm nOnE and somebody else’s signature',
      () => `${head({ alg: 'nOnE' })}.${body()}.${tail()}`,
    ],
    ['is HS256 with our public key as the secret', () => sealed(head({ alg: 'HS256' }), hmac)],
    ['says RS256 but carries an HMAC', () => sealed(head({}), hmac)],
    ['has an empty signature', () => `${head({})}.${body()}.`],
    ['has no signature part', () => `${head({})}.${body()}`],
    ['has the signature of another token', () => `${head({})}.${body({ sub: 'admin' })}.${tail()}`],
    ['has a changed header', () => `${head({ kid: es.kid })}.${issue().split('.').slice(1).join('.')}`],
    ['is signed by a stranger under our key id', () => forge({}, {}, strangerSignature)],
    ['claims PS256', () => forge({ alg: 'PS256' })],
    ['claims RS512 with our key', () => `${head({ alg: 'RS512' })}.${body()}.${tail()}`],
    ['claims ES256 for an RSA key', () => forge({ alg: 'ES256' })],
    ['claims RS256 for an EC key', () => forge({ kid: es.kid })],
    [
      'is ES256 with r and s of zero',
      () => `${head({ alg: 'ES256', kid: es.kid })}.${body()}.${'A'.repeat(86)}`,
    ],
    [
      'carries its own key',
      () => forge({ jwk: stranger.publicKey.export({ format: 'jwk' }) }, {}, strangerSignature),
    ],
    ['names our key as its own', () => forge({ jwk: { kty: 'RSA' } })],
    ['names a place with keys (jku)', () => forge({ jku: 'https://evil.example/jwks.json' })],
    ['names a certificate (x5u)', () => forge({ x5u: 'https://evil.example/cert' })],
    ['brings a certificate (x5c)', () => forge({ x5c: ['MIIB'] })],
    ['has critical extensions', () => forge({ crit: ['exp'] })],
    ['has an unencoded payload', () => forge({ b64: false })],
    ['is typed at+jwt', () => forge({ typ: 'at+jwt' })],
    ['is typed jwt in small letters', () => forge({ typ: 'jwt' })],
    ['has no type', () => forge({ typ: undefined })],
    ['has no key id', () => forge({ kid: undefined })],
    ['has a path as its key id', () => forge({ kid: '../../../dev/null' })],
    ['has SQL as its key id', () => forge({ kid: "x' UNION SELECT 'k'--" })],
    ['has a list as its key id', () => forge({ kid: [rs.kid] })],
    ['has an algorithm that is a list', () => forge({ alg: ['RS256'] })],
    ['has a header that is no object', () => sealed(encode('[]'), ourSignature)],
    ['has a header that is not JSON', () => sealed(Buffer.from('{').toString('base64url'), ourSignature)],
    ['has a payload that is a list', () => sealed(head({}), ourSignature, encode('[1]'))],
    [
      'has a payload that is not JSON',
      () => sealed(head({}), ourSignature, Buffer.from('{').toString('base64url')),
    ],
    ['has five parts', () => `${issue()}.a.b`],
    ['has blanks around it', () => ` ${issue()} `],
    ['has padding', () => `${issue()}==`],
    ['has a line break', () => `${issue()}\n`],
    ['is empty', () => ''],
    ['is longer than 4 KB', () => forge({}, { note: 'x'.repeat(4_096) })],
    ['is one deep list', () => sealed(encode('['.repeat(2_000)), ourSignature)],
    [
      'has a deep payload without our claims',
      () => sealed(head({}), ourSignature, encode(`${'['.repeat(1_000)}${']'.repeat(1_000)}`, true)),
    ],
  ])('is refused when it %s', (_, make) => {
    expect(verdictOf(make()).verdict).toBe('refused');
  });

  it('is told that its algorithm is not that of its key before the signature is looked at', () => {
    for (const change of [{ alg: 'ES256' }, { kid: es.kid }]) {
      expect(verdictOf(forge(change))).toMatchObject({ detail: 'the algorithm is not the one of its key' });
    }
  });

  it('is refused when it is no string at all', () => {
    for (const token of [undefined, null, 5, {}, [issue()]]) {
      expect(verdictOf(token as unknown as string).verdict).toBe('refused');
    }
  });

  it('proves that the forging above signs well: an unchanged one is accepted', () => {
    expect(verdictOf(forge()).verdict).toBe('accepted');
    expect(verdictOf(forge({}, { note: 'unknown claims are no harm' })).verdict).toBe('accepted');
  });

  it('with any of 1,000 invented key ids costs no more than a look into the map', () => {
    for (let index = 0; index < 1_000; index++) {
      expect(verdictOf(forge({ kid: `invented-${index}` }, {}, () => 'AAAA')).verdict).toBe('unknown-key');
    }
  });

  it('never has a part of it repeated in the detail', () => {
    const verdict = verdictOf(forge({ kid: 'no name: canary' }, { sub: 'canary' }));
    expect(JSON.stringify(verdict)).not.toContain('canary');
  });

  const tail = () => issue().split('.')[2] ?? '';
});

describe('claims of a good signature', () => {
  it.each<[string, Record<string, unknown>]>([
    ['another issuer', { iss: 'https://auth.example.evil' }],
    ['no issuer', { iss: undefined }],
    ['an issuer in a list', { iss: ['https://auth.example'] }],
    ['another audience', { aud: 'other' }],
    ['no audience', { aud: undefined }],
    ['a list of audiences that has ours', { aud: ['carillon', 'other'] }],
    ['a list of one audience', { aud: ['carillon'] }],
    ['no expiry', { exp: undefined }],
    ['an expiry as text', { exp: String(nowS + 60) }],
    ['an expiry in ten years', { exp: nowS + 315_360_000 }],
    ['an expiry in ten years, issued just before', { exp: nowS + 315_360_000, iat: nowS + 315_359_400 }],
    ['one second more than 15 minutes', { exp: nowS + 901 }],
    ['an expiry without end', { exp: 1e308 }],
    ['no issue time', { iat: undefined }],
    ['an issue time as text', { iat: 'yesterday' }],
    ['an issue time before the epoch', { iat: -1 }],
    ['an expiry before its issue', { iat: nowS, exp: nowS - 1 }],
    ['a start later than now', { nbf: nowS + 60 }],
    ['a start as text', { nbf: 'now' }],
    ['no user', { sub: undefined }],
    ['a user with a slash', { sub: 'shop2/ann' }],
    ['a user of an operator', { sub: { $gt: '' } }],
    ['a user as a wildcard', { sub: '*' }],
    ['a user as a number', { sub: 42 }],
    ['a user of 1,000 letters', { sub: 'x'.repeat(1_000) }],
    ['a user with NUL', { sub: 'ann\u0000' }],
    ['a user with a look-alike letter', { sub: 'аnn' }],
    ['no tenant', { tenant: undefined }],
    ['a tenant with a slash', { tenant: 'shop/other' }],
    ['a device that is no name', { device: 'a b' }],
    ['topics as text', { topics: 'orders' }],
    ['a topic with a star inside', { topics: ['a*b'] }],
    ['a topic that is no text', { topics: [1] }],
    ['more topics than a session has', { topics: Array.from({ length: 257 }, () => 'a') }],
  ])('are refused when they have %s', (_, change) => {
    const verdict = verdictOf(forge({}, change));
    expect(verdict.verdict).toBe('refused');
    expect((verdict as { detail: string }).detail).not.toContain('signature');
  });
});

describe('topics of a token', () => {
  it('open what they name and what they begin, and nothing when there are none', () => {
    const patterns = ['orders.*', 'news'];
    for (const topic of ['orders.eu', 'orders.', 'news']) expect(isTopicAllowed(patterns, topic)).toBe(true);
    for (const topic of ['orders', 'news2', 'xnews', '']) expect(isTopicAllowed(patterns, topic)).toBe(false);
    expect(isTopicAllowed(['*'], 'anything')).toBe(true);
    expect(isTopicAllowed(undefined, 'news')).toBe(false);
    expect(isTopicAllowed([], 'news')).toBe(false);
  });
});

function issue(): string {
  return signToken({
    signer: rs,
    claims: { tenant: 'shop', user: 'ann' },
    issuer,
    audience,
    now,
    ttlMs: 60_000,
  }).token;
}

/** The verdict, which must be the same for a token that came before as for one that did not. */
function verdictOf(token: string, change: Partial<Parameters<typeof verifyToken>[0]> = {}) {
  const order = { token, keys, issuer, audience, now, ...change };
  const verdict = verifyToken(order);
  const checked = new CheckedSignatures(1);
  expect(verifyToken({ ...order, checked })).toEqual(verdict);
  expect(verifyToken({ ...order, checked })).toEqual(verdict);
  return verdict;
}

function encode(text: string, isWrapped = false): string {
  return Buffer.from(isWrapped ? `{"deep":${text}}` : text).toString('base64url');
}

function head(change: Record<string, unknown>): string {
  return encode(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid: rs.kid, ...change }));
}

function body(change: Record<string, unknown> = {}): string {
  const claims = { iss: issuer, aud: audience, sub: 'ann', tenant: 'shop', iat: nowS, exp: nowS + 60 };
  return encode(JSON.stringify({ ...claims, ...change }));
}

function ourSignature(text: string): string {
  return rawSign('sha256', Buffer.from(text), rs.key).toString('base64url');
}

function strangerSignature(text: string): string {
  return rawSign('sha256', Buffer.from(text), stranger.privateKey).toString('base64url');
}

function sealed(header: string, signature: (text: string) => string, payload = body()): string {
  return `${header}.${payload}.${signature(`${header}.${payload}`)}`;
}

function forge(
  header: Record<string, unknown> = {},
  claims: Record<string, unknown> = {},
  signature = ourSignature,
): string {
  return sealed(head(header), signature, body(claims));
}
