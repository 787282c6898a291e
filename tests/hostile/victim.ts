// Who is attacked: a real Carillon with two tenants, keys of every kind, and the signing key in the
// attacker's hands, so that only the check under test stands between a forged token and a session.

import { join } from 'node:path';
import { createApiKey, defaultTenant } from '@carillon/auth';
import type { Scope, SigningKey } from '@carillon/domain';
import type { KeyRing } from '@carillon/domain/ports';
import { SystemClock, SystemRandom } from '@carillon/platform';
import { SqliteStore } from '@carillon/store-sqlite';
import { generateSigningKey } from '@carillon/tokens';
import { Running } from '../conformance/running.ts';
import { Stage, type Target } from '../conformance/stage.ts';
import { pageOrigin, shortTimes } from '../conformance/suite.ts';

export const otherTenant = 'tenant-b';
export const otherOrigin = 'https://b.example';

/** Keys by what they may do. */
export interface Keys {
  /** May do everything in the first tenant, as `other` in the second. */
  readonly own: string;
  readonly other: string;
  readonly writer: string;
  readonly reader: string;
  readonly issuer: string;
  /** Expires `shortKeyMs` after it was made. */
  readonly short: string;
}

export const shortKeyMs = 2_500;

const clock = new SystemClock();

/** Makes the second tenant and all keys. */
export async function seedKeys(keyRing: KeyRing): Promise<Keys> {
  const making = { keyRing, clock, random: new SystemRandom(), config: { auth: {} } };
  await keyRing.ensureTenant({ id: otherTenant, origins: [otherOrigin] });
  const make = (tenant: string, scopes: readonly Scope[], expiresAt?: number) =>
    createApiKey(making, { tenant, principal: 'hostile', scopes, ...(expiresAt ? { expiresAt } : {}) });
  return {
    own: await make(defaultTenant, ['admin']),
    other: await make(otherTenant, ['admin']),
    writer: await make(defaultTenant, ['messages:write']),
    reader: await make(defaultTenant, ['messages:read']),
    issuer: await make(defaultTenant, ['tokens:write']),
    short: await make(defaultTenant, ['admin'], clock.now() + shortKeyMs),
  };
}

export interface Victim {
  readonly running: Running;
  readonly keys: Keys;
  /** The one that the server signs with. */
  readonly signingKey: SigningKey;
  readonly stage: Stage;
  readonly target: Target;
}

/** Standalone with all of it. */
export async function startVictim(env: Readonly<Record<string, string>> = {}): Promise<Victim> {
  const signingKey = await generateSigningKey({ createdAt: clock.now() });
  let keys: Keys | undefined;
  const prepare = async (dataFolder: string) => {
    const store = await SqliteStore.open({ path: join(dataFolder, 'carillon.sqlite'), clock });
    await store.keyRing.ensureSigningKey(signingKey);
    keys = await seedKeys(store.keyRing);
    await store.close();
  };
  const running = await Running.start({ env: { AUTH_ORIGINS: pageOrigin, ...env }, prepare });
  if (!keys) throw new Error('the store was not prepared');
  const target: Target = {
    name: 'standalone',
    socketUrl: running.socketUrl,
    collectUrl: running.url,
    authUrl: running.url,
    key: keys.own,
    origin: pageOrigin,
    ...shortTimes,
  };
  return { running, keys, signingKey, target, stage: new Stage(target) };
}

/** An HTTP answer, whatever its status. */
export interface Answered {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** A request with a key; `body` is sent as it is when it is text or bytes, else as JSON. */
export async function ask(
  url: string,
  {
    key,
    method,
    body,
    headers = {},
  }: {
    readonly key?: string;
    readonly method?: string;
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<Answered> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  const init = {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isRaw ? (body as string) : JSON.stringify(body) }),
  };
  const answer = await fetch(url, init);
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}
