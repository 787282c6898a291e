/** Auth as others meet it: over HTTP and over the bus, on memory ports. */

import { MemoryBus } from '@carillon/bus-memory';
import {
  type AuthPolicy,
  fromJsonBytes,
  type KeyCheckReply,
  type SigningKey,
  subjects,
  type TokenVerdict,
  toJsonBytes,
  tokensPerRequestMax,
  type VerifyReply,
} from '@carillon/domain';
import { TimedOut } from '@carillon/domain/ports';
import {
  createLogger,
  Health,
  Metrics,
  ProblemFilter,
  readConfig,
  type ServiceContext,
} from '@carillon/platform';
import { MemoryRoutes } from '@carillon/routes-memory';
import { MemoryData, MemoryStore } from '@carillon/store-memory';
import { FakeClock, SeededRandom } from '@carillon/testkit';
import { generateSigningKey, KeySet, tokenSkewMs, verifyToken } from '@carillon/tokens';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApiKey } from './api-key.js';
import { keyCacheMs } from './api-keys.js';
import { AuthModule } from './auth.module.js';
import { policyRefreshMs } from './policy.js';

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly [name: string]: unknown };
}

let signingKey: SigningKey;
let clock: FakeClock;
let data: MemoryData;
let context: ServiceContext;
let app: NestFastifyApplication;
let url: string;
let admin: string;
let logged: string;

// Making an RSA key is slow; that the first start makes one is told in its own spec.
beforeAll(async () => {
  signingKey = await generateSigningKey({ createdAt: 0 });
});

beforeEach(async () => {
  clock = new FakeClock();
  data = new MemoryData('epoch');
  data.signingKeys.push(signingKey);
  await start({ AUTH_ORIGINS: 'https://shop.example' });
});

afterEach(async () => {
  await app.close();
});

describe('POST /v1/tokens', () => {
  it('gives a token that Auth accepts, for the tenant of the key', async () => {
    const request = { user: '42', device: 'tab', topics: ['orders.*'], ttl: '20s' };
    const { status, headers, body } = await post(request);
    expect(status).toBe(201);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({ token: expect.any(String), expiresAt: '2027-01-15T08:00:20.000Z' });
    expect(await verify(body.token)).toEqual({
      verdict: 'accepted',
      tenant: 'default',
      user: '42',
      device: 'tab',
      topics: ['orders.*'],
      expiresAt: clock.now() + 20_000,
    });
  });

  it('gives a token of the configured length when none is asked for', async () => {
    const { body } = await post({ user: '42' });
    expect(body.expiresAt).toBe('2027-01-15T08:10:00.000Z');
  });

  it('takes the tenant from the key alone', async () => {
    const key = await keyWith({ tenant: 'other', scopes: ['tokens:write'] });
    const { body } = await post({ user: '42' }, { key });
    expect(await verify(body.token)).toMatchObject({ verdict: 'accepted', tenant: 'other' });
    const forged = await post({ user: '42', tenant: 'default' }, { key });
    expect(forged.status).toBe(422);
    expect(forged.body.errors).toMatchObject([{ pointer: '/tenant', code: 'unknown_field' }]);
  });

  it('names the scope that a key lacks', async () => {
    const key = await keyWith({ scopes: ['messages:write', 'users:admin'] });
    const { status, headers, body } = await post({ user: '42' }, { key });
    expect(status).toBe(403);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({ code: 'scope_missing', detail: expect.stringContaining('tokens:write') });
  });

  it('asks for a key where there is none, and takes no cookie for one', async () => {
    const { status, headers, body } = await post({ user: '42' }, { headers: { cookie: `key=${admin}` } });
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe('Bearer');
    expect(body).toMatchObject({ code: 'token_missing', requestId: expect.any(String), retryable: false });
    const basic = await post({ user: '42' }, { headers: { authorization: `Basic ${admin}` } });
    expect(basic.body.code).toBe('token_missing');
  });

  it('refuses wrong keys and users’ tokens alike', async () => {
    const { body } = await post({ user: '42' });
    for (const key of [
      `${admin.slice(0, -1)}!`,
      `${admin}A`,
      admin.replace('admin', 'nobody'),
      String(body.token),
    ]) {
      expect((await post({ user: '42' }, { key })).body.code).toBe('token_invalid');
    }
  });

  it('refuses a key in the URL even beside a good header', async () => {
    for (const query of [`key=${admin}`, `access_token=x`, `Token=x`, `whatever=${admin}`]) {
      const { status, body } = await post({ user: '42' }, { key: admin, path: `/v1/tokens?${query}` });
      expect(status).toBe(401);
      expect(body).toMatchObject({ code: 'token_invalid', detail: expect.stringContaining('URL') });
    }
    expect((await post({ user: '42' }, { key: admin, path: '/v1/tokens?trace=1' })).status).toBe(201);
  });

  it('names every wrong field at once', async () => {
    const request = { user: 'a/b', device: 7, topics: ['ok', 'a*b'], ttl: '1h', tenant: 'x' };
    const { status, body } = await post(request);
    expect(status).toBe(422);
    const errors = body.errors as { pointer: string; code: string }[];
    expect(Object.fromEntries(errors.map(({ pointer, code }) => [pointer, code]))).toEqual({
      '/user': 'bad_format',
      '/device': 'wrong_type',
      '/topics/1': 'bad_format',
      '/ttl': 'out_of_range',
      '/tenant': 'unknown_field',
    });
    expect((await post({})).body.errors).toMatchObject([{ pointer: '/user', code: 'required' }]);
    expect((await post([])).status).toBe(422);
  });

  it('names the topics when they do not fit into a token', async () => {
    const topics = Array.from({ length: 60 }, (_, index) => `${index}`.padEnd(100, 'x'));
    const { status, body } = await post({ user: '42', topics });
    expect(status).toBe(422);
    expect(body.errors).toMatchObject([{ pointer: '/topics', code: 'too_long' }]);
  });

  it('says 503, not 401, while the store is away, and goes on with keys it has just seen', async () => {
    const stranger = await keyWith({ scopes: ['admin'] });
    expect((await post({ user: '42' })).status).toBe(201);
    await context.store.close();
    expect((await post({ user: '42' })).status).toBe(201);
    const { status, headers, body } = await post({ user: '42' }, { key: stranger });
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'store_unavailable', '1']);
  });
});

describe('the public keys', () => {
  it.each(['/.well-known/jwks.json', '/v1/.well-known/jwks.json'])(
    'are at %s, without a private member',
    async (path) => {
      const { status, headers, body } = await ask(path);
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toBe('public, max-age=600');
      const [key, ...others] = body.keys as Record<string, string>[];
      expect(others).toEqual([]);
      expect(Object.keys(key ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    },
  );

  it('verify what Auth has signed, without Auth', async () => {
    const { token } = (await post({ user: '42' })).body;
    const policy = await ask('/.well-known/jwks.json');
    const keys = new KeySet();
    keys.replace(policy.body.keys as AuthPolicy['keys']);
    const { issuer, audience } = context.config.auth;
    expect(verifyToken({ token: String(token), keys, issuer, audience, now: clock.now() }).verdict).toBe(
      'accepted',
    );
  });
});

describe('a verdict over the bus', () => {
  it('is expired after the end of a token and the skew, refused for a forged one', async () => {
    const { token } = (await post({ user: '42', ttl: '20s' })).body;
    expect((await verify(`${String(token).slice(0, -4)}AAAA`)).verdict).toBe('refused');
    await clock.advance(20_000 + tokenSkewMs);
    expect((await verify(token)).verdict).toBe('expired');
    for (const wrong of ['', 'x', undefined, 7]) expect((await verify(wrong)).verdict).toBe('refused');
  });

  it('comes with those on other tokens of the same request, each in its place', async () => {
    const { token } = (await post({ user: '42' })).body;
    const verdicts = await verifyAll(['x', token, 7, token]);
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['refused', 'accepted', 'refused', 'accepted']);
    expect(await verifyAll([])).toEqual([]);
  });

  it('costs no call of the store, and comes while the store is away', async () => {
    const { token } = (await post({ user: '42' })).body;
    await context.store.close();
    await clock.advance(3 * policyRefreshMs);
    for (let index = 0; index < 100; index++) expect((await verify(token)).verdict).toBe('accepted');
  });

  it('knows a key that another process made after a few seconds, and signs with the newest', async () => {
    const newer = await generateSigningKey({ createdAt: clock.now() + 1 });
    data.signingKeys.push(newer);
    await clock.advance(policyRefreshMs);
    const { token } = (await post({ user: '42' })).body;
    expect(JSON.parse(Buffer.from(String(token).split('.')[0] ?? '', 'base64url').toString())).toMatchObject({
      kid: newer.kid,
    });
    expect((await verify(token)).verdict).toBe('accepted');
    expect((await policy()).keys.map(({ kid }) => kid)).toContain(newer.kid);
  });

  it('is not given for what is no request, and the next one is answered all the same', async () => {
    const tooMany = toJsonBytes({ tokens: Array(tokensPerRequestMax + 1).fill('x') });
    await expect(unanswered(subjects.authVerify, tooMany)).rejects.toThrow(TimedOut);
    await expect(unanswered(subjects.authVerify, toJsonBytes({ tokens: 'x' }))).rejects.toThrow(TimedOut);
    for (const bytes of [new Uint8Array([0xff]), toJsonBytes(null), toJsonBytes('x'), new Uint8Array()]) {
      await expect(unanswered(subjects.authVerify, bytes)).rejects.toThrow(TimedOut);
      await expect(unanswered(subjects.authKeyCheck, bytes)).rejects.toThrow(TimedOut);
    }
    expect((await verify('x')).verdict).toBe('refused');
  });
});

describe('the policy over the bus', () => {
  it('has what Push needs to judge alone', async () => {
    const { issuer, audience, origins, keys } = await policy();
    expect({ issuer, audience, origins }).toEqual({
      issuer: 'carillon',
      audience: 'carillon',
      origins: { default: ['https://shop.example'] },
    });
    expect(keys).toHaveLength(1);
  });

  it('follows the tenants in the store', async () => {
    await context.store.keyRing.ensureTenant({ id: 'other', origins: ['https://other.example'] });
    await clock.advance(policyRefreshMs);
    expect((await policy()).origins).toEqual({
      default: ['https://shop.example'],
      other: ['https://other.example'],
    });
  });

  it('has the configured origins, and those of the first start when none are configured', async () => {
    await app.close();
    await start({ AUTH_ORIGINS: 'https://moved.example' });
    expect((await policy()).origins).toEqual({ default: ['https://moved.example'] });
    await app.close();
    await start({});
    expect((await policy()).origins).toEqual({ default: ['https://shop.example'] });
  });
});

describe('a key check over the bus', () => {
  it('tells the owner of a key and for how long', async () => {
    const key = await keyWith({ tenant: 'other', principal: 'erp', scopes: ['messages:write'], id: 'erp-1' });
    expect(await checkKey(key)).toEqual({
      verdict: 'accepted',
      tenant: 'other',
      principal: 'erp',
      keyId: 'erp-1',
      scopes: ['messages:write'],
      cacheUntil: clock.now() + keyCacheMs,
    });
  });

  it('refuses what is no key', async () => {
    for (const key of ['', 'ck_admin_x', `${admin}A`, { $gt: '' }, undefined, [admin]]) {
      expect(await checkKey(key)).toEqual({ verdict: 'refused' });
    }
  });

  it('is silent, not a refusal, while the store is away', async () => {
    const key = await keyWith({ scopes: ['admin'] });
    await context.store.close();
    await expect(unanswered(subjects.authKeyCheck, toJsonBytes({ key }))).rejects.toThrow(TimedOut);
  });
});

it('counts verdicts, checks and tokens, and logs neither keys nor tokens', async () => {
  const { token } = (await post({ user: '42' })).body;
  await verify(token);
  await verify('x');
  await checkKey(admin);
  await post({ user: '42' }, { key: `${admin}A` });
  await context.store.close();
  const stranger = `ck_stranger_${'x'.repeat(43)}`;
  await expect(unanswered(subjects.authKeyCheck, toJsonBytes({ key: stranger }))).rejects.toThrow();
  const text = await context.metrics.text();
  expect(text).toContain('carillon_auth_token_verdicts_total{verdict="accepted"} 1');
  expect(text).toContain('carillon_auth_token_verdicts_total{verdict="refused"} 1');
  expect(text).toContain('carillon_auth_key_checks_total{verdict="accepted"} 1');
  expect(text).toContain('carillon_auth_key_checks_total{verdict="unknown"} 1');
  expect(text).toContain('carillon_auth_tokens_issued_total 1');
  expect(logged).toContain('could not be looked up');
  for (const canary of [admin, admin.slice(9), String(token), stranger]) expect(logged).not.toContain(canary);
});

it('answers nothing more after it has stopped', async () => {
  await app.close();
  await expect(verify('x')).rejects.toThrow();
  await start({});
});

async function start(env: Record<string, string>): Promise<void> {
  logged = '';
  const log = createLogger(
    { level: 'debug', node: 'auth-1', services: ['auth'] },
    { write: (line: string) => (logged += line) },
  );
  context = {
    config: readConfig(['auth'], { STORE_KIND: 'memory', BUS_KIND: 'memory', ...env }),
    node: 'auth-1',
    store: await MemoryStore.open({ clock, data }),
    routes: new MemoryRoutes(clock),
    bus: new MemoryBus(clock),
    clock,
    trust: { isTrusted: true },
    random: new SeededRandom(5),
    metrics: new Metrics(),
    health: new Health(),
    log,
  };
  const printAdminKey = (key: string) => {
    admin = key;
  };
  const module = await Test.createTestingModule({
    imports: [AuthModule.with(context, { printAdminKey })],
  }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  app.useGlobalFilters(new ProblemFilter(log));
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
}

function post(
  body: unknown,
  options: { key?: string; path?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { key = admin, path = '/v1/tokens', headers = { authorization: `Bearer ${key}` } } = options;
  return ask(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url + path, init);
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  };
}

function keyWith(owner: Partial<Parameters<typeof createApiKey>[1]>): Promise<string> {
  const { store, random, config } = context;
  const making = { keyRing: store.keyRing, clock, random, config };
  return createApiKey(making, { tenant: 'default', principal: 'shop', scopes: [], ...owner });
}

async function request<T>(subject: string, body: unknown): Promise<T> {
  return fromJsonBytes<T>(await context.bus.request(subject, toJsonBytes(body), 1_000));
}

const verifyAll = async (tokens: unknown) =>
  (await request<VerifyReply>(subjects.authVerify, { tokens })).verdicts;
const verify = async (token: unknown) => (await verifyAll([token]))[0] as TokenVerdict;
const policy = () => request<AuthPolicy>(subjects.authPolicy, {});
const checkKey = (key: unknown) => request<KeyCheckReply>(subjects.authKeyCheck, { key });

async function unanswered(subject: string, bytes: Uint8Array): Promise<void> {
  const answer = context.bus.request(subject, bytes, 100);
  await Promise.all([answer, clock.advance(100)]);
}
