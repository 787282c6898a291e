// Tokens that somebody made up, most of them signed with the right key: each breaks one rule of RFC 8725 and
// no other. Must never be accepted.
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import type { SigningKey } from '@carillon/domain';

type Part = Readonly<Record<string, unknown>>;

export interface Forgery {
  readonly name: string;
  readonly token: string;
  readonly code: 4001 | 4102 | 4201;
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token as the server would make it, with changes. */
export function signed(signingKey: SigningKey, header: Part = {}, payload: Part = {}): string {
  return sealed(signingKey, header, { ...goodPayload(), ...payload });
}

/** Every forgery against this key. */
export function forgeries(key: SigningKey): readonly Forgery[] {
  const now = Math.floor(Date.now() / 1_000);
  const bad = (name: string, token: string, code: Forgery['code'] = 4001): Forgery => ({ name, token, code });
  const claim = (name: string, payload: Part) => bad(name, signed(key, {}, payload));
  const header = (name: string, part: Part, code: Forgery['code'] = 4001) =>
    bad(name, signed(key, part), code);
  const [head = '', body = '', signature = ''] = signed(key).split('.');
  return [
    bad('alg none without signature', `${encode({ alg: 'none', typ: 'JWT', kid: key.kid })}.${body}.`),
    bad(
      'alg none with the signature',
      `${encode({ alg: 'none', typ: 'JWT', kid: key.kid })}.${body}.${signature}`,
    ),
    bad('alg NoNe', `${encode({ alg: 'NoNe', typ: 'JWT', kid: key.kid })}.${body}.${signature}`),
    bad('an empty signature', `${head}.${body}.`),
    bad('half a signature', `${head}.${body}.${signature.slice(0, 100)}`),
    bad('the public key as HMAC secret', confused(key, body)),
    bad('a key of 1024 bits under the right kid', foreign(key, 1_024)),
    bad('another key under the right kid', foreign(key, 2_048)),
    bad('the key in the header', embedded(key)),
    header('ES256 for an RSA key', { alg: 'ES256' }),
    header('PS256', { alg: 'PS256' }),
    header('another typ', { typ: 'at+jwt' }),
    header('no typ', { typ: undefined }),
    header('no kid', { kid: undefined }),
    header('a kid that is a path', { kid: '../../../../dev/null' }),
    header('a kid that is SQL', { kid: "' OR 1=1 --" }),
    header('a kid that is an object', { kid: { $gt: '' } }),
    header('a kid that nobody knows', { kid: 'somebody' }, 4102),
    header('a kid called __proto__', { kid: '__proto__' }, 4102),
    header('jku', { jku: 'http://127.0.0.1:9/keys' }),
    header('x5u', { x5u: 'http://127.0.0.1:9/cert' }),
    header('crit', { crit: ['exp'] }),
    header('b64', { b64: false }),
    claim('another audience', { aud: 'somebody' }),
    claim('a list of audiences', { aud: ['carillon', 'somebody'] }),
    claim('no audience', { aud: undefined }),
    claim('another issuer', { iss: 'somebody' }),
    claim('no exp', { exp: undefined }),
    claim('exp as text', { exp: String(now + 60) }),
    claim('exp in ten years', { exp: now + 315_360_000 }),
    claim('exp - iat of 901 s', { exp: now + 901, iat: now }),
    claim('no iat', { iat: undefined }),
    claim('iat in an hour', { iat: now + 3_600, exp: now + 3_700 }),
    claim('nbf in an hour', { nbf: now + 3_600 }),
    claim('no sub', { sub: undefined }),
    claim('sub *', { sub: '*' }),
    claim('sub as an object', { sub: { $gt: '' } }),
    claim('sub with a slash', { sub: 'a/b' }),
    claim('sub with NUL', { sub: 'a\u0000' }),
    claim('no tenant', { tenant: undefined }),
    claim('tenant with a slash', { tenant: 'default/user' }),
    claim('tenant >', { tenant: '>' }),
    claim('device as a list', { device: ['d1'] }),
    claim('topics as an object', { topics: { 0: '*' } }),
    bad('expired long ago', signed(key, {}, { iat: now - 700, exp: now - 100 }), 4201),
    bad('JSON that is deep', `${head}.${deepPart()}.${signature}`),
    bad('a list as payload', sealed(key, {}, ['a'])),
    bad('more than 4 KiB', signed(key, {}, { x: 'x'.repeat(3_500) })),
    bad('four parts', `${signed(key)}.x`),
    bad('two parts', `${head}.${body}`),
    bad('no part', 'token'),
  ];
}

function deepPart(): string {
  return Buffer.from(`{"a":${'['.repeat(1_200)}${']'.repeat(1_200)}}`).toString('base64url');
}

function goodPayload(): Part {
  const now = Math.floor(Date.now() / 1_000);
  return { iss: 'carillon', aud: 'carillon', sub: 'victim', tenant: 'default', iat: now, exp: now + 300 };
}

function sealed(key: SigningKey, header: Part, payload: unknown): string {
  const text = `${encode({ alg: 'RS256', typ: 'JWT', kid: key.kid, ...header })}.${encode(payload)}`;
  return `${text}.${signature(text, createPrivateKey(key.privateKey))}`;
}

function signature(text: string, key: KeyObject): string {
  return sign('sha256', Buffer.from(text), key).toString('base64url');
}

function confused({ kid, privateKey }: SigningKey, body: string): string {
  const publicPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' });
  const text = `${encode({ alg: 'HS256', typ: 'JWT', kid })}.${body}`;
  return `${text}.${createHmac('sha256', publicPem).update(text).digest('base64url')}`;
}

function foreign({ kid }: SigningKey, modulusLength: number): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength });
  const text = `${encode({ alg: 'RS256', typ: 'JWT', kid })}.${encode(goodPayload())}`;
  return `${text}.${signature(text, privateKey)}`;
}

function embedded({ kid }: SigningKey): string {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const jwk = publicKey.export({ format: 'jwk' });
  const text = `${encode({ alg: 'RS256', typ: 'JWT', kid, jwk })}.${encode(goodPayload())}`;
  return `${text}.${signature(text, privateKey)}`;
}
