/**
 * Who holds an API key. Asks the store at most once per key and half of the cache's time, so that a revoked
 * key counts for no longer than `keyCacheMs` anywhere; must never answer for a key that it could not look up.
 */
import type { ApiKeyRecord } from '@carillon/domain';
import { Clock, KeyRing } from '@carillon/domain/ports';
import type { AuthConfig } from '@carillon/platform';
import { Inject, Injectable } from '@nestjs/common';
import { apiKeyId, isKeyOf } from './api-key.js';
import { authConfig } from './injection.js';

/** How long after its reading a record may count, caches of the askers included. */
export const keyCacheMs = 5_000;
/**
 * A reading older than this is made again, so that askers may keep the answer for the rest of `keyCacheMs`.
 */
export const keyFreshMs = keyCacheMs / 2;
/** Readings kept, of keys that exist or not. */
export const keysKeptMax = 10_000;
/** Readings under way. */
export const keyLookupsMax = 256;

/** A key that was found and fits. `cacheUntil` in epoch milliseconds. */
export interface KeyHolder {
  readonly record: ApiKeyRecord;
  readonly cacheUntil: number;
}

/** Too many keys are being looked up; the same key may be asked for again later. */
export class KeyLookupsBusy extends Error {
  override readonly name = 'KeyLookupsBusy';
}

interface Reading {
  readonly record: Promise<ApiKeyRecord | undefined>;
  /** When it was asked for, on the monotonic clock. */
  readonly askedAt: number;
}

@Injectable()
export class ApiKeys {
  private readonly readings = new Map<string, Reading>();
  private lookups = 0;

  constructor(
    private readonly keyRing: KeyRing,
    private readonly clock: Clock,
    @Inject(authConfig) private readonly config: AuthConfig,
  ) {}

  /**
   * The holder, or undefined for what is no key, unknown, wrong or expired.
   * @throws PortUnavailable, KeyLookupsBusy
   */
  async check(key: string): Promise<KeyHolder | undefined> {
    const id = apiKeyId(key);
    if (id === undefined) return undefined;
    const reading = this.reading(id);
    const record = await reading.record;
    const now = this.clock.now();
    if (!record || !isKeyOf(record, key, { now, pepper: this.config.pepper })) return undefined;
    const leftMs = Math.max(0, keyCacheMs - (this.clock.monotonic() - reading.askedAt));
    return { record, cacheUntil: Math.min(now + leftMs, record.expiresAt ?? Number.POSITIVE_INFINITY) };
  }

  private reading(id: string): Reading {
    const known = this.readings.get(id);
    const now = this.clock.monotonic();
    if (known && now - known.askedAt < keyFreshMs) return known;
    if (this.lookups >= keyLookupsMax) throw new KeyLookupsBusy();
    const reading = { record: this.lookUp(id), askedAt: now };
    this.readings.delete(id);
    this.readings.set(id, reading);
    this.forgetOldest();
    return reading;
  }

  private async lookUp(id: string): Promise<ApiKeyRecord | undefined> {
    this.lookups += 1;
    try {
      return await this.keyRing.apiKey(id);
    } catch (error) {
      this.readings.delete(id);
      throw error;
    } finally {
      this.lookups -= 1;
    }
  }

  private forgetOldest(): void {
    if (this.readings.size <= keysKeptMax) return;
    const [oldest] = this.readings.keys();
    if (oldest !== undefined) this.readings.delete(oldest);
  }
}
