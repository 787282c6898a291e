/** Lets a request in by its API key. Must never take a key from a URL, nor say whether a key's id exists. */
import type { ApiKeyRecord, Scope } from '@carillon/domain';
import { Problem } from '@carillon/platform';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ApiKeys, KeyLookupsBusy } from './api-keys.js';

const credentialNames = new Set([
  'key',
  'api_key',
  'apikey',
  'api-key',
  'token',
  'access_token',
  'authorization',
]);
const challenge = { headers: { 'www-authenticate': 'Bearer' } };

@Injectable()
export class Admission {
  constructor(private readonly keys: ApiKeys) {}

  /**
   * The key's record; the scope `admin` contains every other.
   * @throws Problem token_missing, token_invalid, scope_missing (names the scope), overloaded
   */
  async admit(request: FastifyRequest, scope: Scope): Promise<ApiKeyRecord> {
    if (hasCredentialInUrl(request.url)) {
      throw new Problem(
        'token_invalid',
        'A key in a URL ends up in logs: replace it, and send it as a header.',
        challenge,
      );
    }
    const key = bearer(request.headers.authorization);
    if (key === undefined)
      throw new Problem('token_missing', 'Give an API key: Authorization: Bearer <key>.', challenge);
    const record = await this.recordOf(key);
    if (!record) throw new Problem('token_invalid', 'This API key is not known, or no longer.', challenge);
    if (record.scopes.includes(scope) || record.scopes.includes('admin')) return record;
    throw new Problem('scope_missing', `The key lacks the scope ${scope}.`);
  }

  private async recordOf(key: string): Promise<ApiKeyRecord | undefined> {
    try {
      return (await this.keys.check(key))?.record;
    } catch (error) {
      if (!(error instanceof KeyLookupsBusy)) throw error;
      throw new Problem('overloaded', 'Too many keys are being looked up. Try again.');
    }
  }
}

function bearer(header: string | undefined): string | undefined {
  return /^Bearer +([^\s]+)$/i.exec(header ?? '')?.[1];
}

function hasCredentialInUrl(url: string): boolean {
  const mark = url.indexOf('?');
  if (mark < 0) return false;
  for (const [name, value] of new URLSearchParams(url.slice(mark + 1))) {
    if (credentialNames.has(name.toLowerCase()) || value.startsWith('ck_')) return true;
  }
  return false;
}
