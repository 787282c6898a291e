/**
 * Whether a request comes with a good API key that has the scope it needs. Must never log a key, and takes
 * none from an address, where it would stand in every log on the way.
 */
import type { Scope } from '@carillon/domain';
import { Problem } from '@carillon/platform';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Credential } from './credential.js';
import { KeyChecks, type KeyVerdict } from './key-checks.js';

const scheme = /^Bearer +([\x21-\x7e]{1,512})$/i;
const keyInAddress =
  /[?&](?:[a-z_-]*(?:key|token|secret|password)|auth|authorization|bearer|credentials?)=|ck_[\w-]{16}/i;

@Injectable()
export class Credentials {
  constructor(private readonly keys: KeyChecks) {}

  /**
   * Who asks; at once where the key is remembered.
   * @throws Problem 401, 403, or 503 when nobody can say whether the key is good
   */
  of(request: Pick<FastifyRequest, 'url' | 'headers'>, scope: Scope): Credential | Promise<Credential> {
    const verdict = this.keys.check(keyOf(request));
    if (verdict instanceof Promise) return verdict.then((found) => withScope(found, scope));
    return withScope(verdict, scope);
  }
}

function keyOf(request: Pick<FastifyRequest, 'url' | 'headers'>): string {
  const headers = { 'www-authenticate': 'Bearer' };
  if (keyInAddress.test(request.url)) {
    const detail =
      'A key in an address ends up in logs: send it as Authorization: Bearer <key>, and replace this one.';
    throw new Problem('token_invalid', detail, { headers });
  }
  const { authorization } = request.headers;
  if (authorization === undefined) {
    throw new Problem('token_missing', 'Send an API key as Authorization: Bearer <key>.', { headers });
  }
  const key = scheme.exec(authorization)?.[1];
  if (key === undefined) {
    throw new Problem('token_invalid', 'The Authorization header must be: Bearer <key>.', { headers });
  }
  return key;
}

function withScope(verdict: KeyVerdict, scope: Scope): Credential {
  if (verdict === 'unknown') {
    throw new Problem('overloaded', 'The key cannot be checked at the moment. Try again.');
  }
  if (verdict === 'refused') {
    const headers = { 'www-authenticate': 'Bearer error="invalid_token"' };
    throw new Problem('token_invalid', 'This API key is not known, or no longer valid.', { headers });
  }
  if (verdict.scopes.includes(scope) || verdict.scopes.includes('admin')) return verdict;
  throw new Problem('scope_missing', `This needs a key with the scope ${scope}.`);
}
