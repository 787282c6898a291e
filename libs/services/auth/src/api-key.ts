/**
 * API keys `ck_<id>_<secret>`: made, hashed, compared. The secret has 256 bits and is nowhere but with its
 * owner; must never be logged, and never be compared in a time that depends on it.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ApiKeyRecord, Scope } from '@carillon/domain';
import { type Clock, type KeyRing, type Random, randomName } from '@carillon/domain/ports';
import type { AuthConfig } from '@carillon/platform';

/** What keys are made with and kept in. The whole configuration fits as `config`. */
export interface KeyMaking {
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: { readonly auth: Pick<AuthConfig, 'pepper'> };
}

/** Whose key, and what it may do. */
export interface KeyOwner {
  readonly tenant: string;
  /** Who posts, stable over the rotation of keys. */
  readonly principal: string;
  readonly scopes: readonly Scope[];
  /** Epoch milliseconds; absent: until revoked. */
  readonly expiresAt?: number;
}

/** A key with this id is there already, and it is another one. */
export class ApiKeyTaken extends Error {
  override readonly name = 'ApiKeyTaken';
}

/** What the owner of a key sees wherever one is of the wrong form. */
export const apiKeyRule =
  'An API key is ck_<id>_<secret>: an id of 1 to 64 letters, digits or "-",' +
  ' and at least 43 characters of base64url';

const form = /^ck_([A-Za-z0-9-]{1,64})_[A-Za-z0-9_-]{43,128}$/;
/** Characters of base 32, 5 bits each: more than 256 bits. */
const secretLength = 52;
const idLength = 12;
const saltBytes = 16;

/**
 * Makes a key and stores its hash, durable before it resolves.
 * @returns the key in clear; it cannot be had again.
 * @throws ApiKeyTaken when the id is in use, PortUnavailable
 */
export async function createApiKey(
  making: KeyMaking,
  owner: KeyOwner & { readonly id?: string },
): Promise<string> {
  const key = newApiKey(making.random, owner.id);
  if ((await ensureApiKey(making, key, owner)) !== 'stored') throw new ApiKeyTaken(owner.id);
  return key;
}

/**
 * Stores this very key unless it is there already: idempotent, and of racing processes one gets `'stored'`.
 * @throws RangeError when it is no API key, ApiKeyTaken when its id belongs to another key, PortUnavailable
 */
export async function ensureApiKey(
  making: KeyMaking,
  key: string,
  owner: KeyOwner,
): Promise<'stored' | 'present'> {
  const id = apiKeyId(key);
  if (id === undefined) throw new RangeError(apiKeyRule);
  const { keyRing, clock, random, config } = making;
  const { tenant, principal, scopes, expiresAt } = owner;
  const isStored = await keyRing.addApiKey({
    id,
    tenant,
    principal,
    hash: hashApiKey(key, random, config.auth.pepper),
    scopes,
    createdAt: clock.now(),
    // Absent rather than undefined: a store may keep a null for it, which would mean "long ago".
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
  if (isStored) return 'stored';
  const present = await keyRing.apiKey(id);
  if (present && matchesHash(key, present.hash, config.auth.pepper)) return 'present';
  throw new ApiKeyTaken(id);
}

/** A key that nobody has yet; not stored. */
export function newApiKey(random: Random, id = randomName(random, idLength)): string {
  return `ck_${id}_${randomName(random, secretLength)}`;
}

/** The id in a key, or undefined when it is no key. */
export function apiKeyId(key: string): string | undefined {
  return form.exec(key)?.[1];
}

/**
 * Whether this is the key of the record, in constant time;
 * an expired one is nobody's. `now` in epoch milliseconds.
 */
export function isKeyOf(
  record: ApiKeyRecord,
  key: string,
  options: { pepper?: string; now: number },
): boolean {
  const isLive = record.expiresAt === undefined || options.now < record.expiresAt;
  return matchesHash(key, record.hash, options.pepper) && isLive;
}

/** Whether the record can be checked only with the pepper that it was made with. */
export function needsPepper(record: ApiKeyRecord): boolean {
  return !record.hash.startsWith(salted);
}

/** `salt:<salt>:<hmac>` where no pepper is configured; with one the HMAC alone. */
const salted = 'salt:';

function hashApiKey(key: string, random: Random, pepper: string | undefined): string {
  if (pepper !== undefined) return hmac(pepper, key);
  const salt = Buffer.from(random.bytes(saltBytes)).toString('hex');
  return `${salted}${salt}:${hmac(salt, key)}`;
}

function matchesHash(key: string, hash: string, pepper: string | undefined): boolean {
  const [salt, digest] = hash.startsWith(salted) ? hash.slice(salted.length).split(':') : [pepper, hash];
  if (salt === undefined || digest === undefined) return false;
  const expected = Buffer.from(digest, 'hex');
  const actual = Buffer.from(hmac(salt, key), 'hex');
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

function hmac(secret: string, key: string): string {
  return createHmac('sha256', secret).update(key).digest('hex');
}
