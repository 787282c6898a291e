/**
 * Lets a request through with a good API key that has the scope of the route. Must never log a key, and takes
 * none from an address, where it would stand in every log on the way.
 */
import type { Scope } from '@carillon/domain';
import { Problem } from '@carillon/platform';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { type Credential, type CredentialedRequest, scopeNeeded } from './credential.js';
import { KeyChecks, type KeyVerdict } from './key-checks.js';

const scheme = /^Bearer +([\x21-\x7e]{1,512})$/i;
const keyInAddress =
  /[?&](?:[a-z_-]*(?:key|token|secret|password)|auth|authorization|bearer|credentials?)=|ck_[\w-]{16}/i;

@Injectable()
export class CredentialsGuard implements CanActivate {
  constructor(
    private readonly keys: KeyChecks,
    private readonly reflector: Reflector,
  ) {}

  /** @throws Problem 401, 403, or 503 when nobody can say whether the key is good */
  canActivate(context: ExecutionContext): true | Promise<true> {
    const request = context.switchToHttp().getRequest<FastifyRequest & CredentialedRequest>();
    const scope = this.reflector.get<Scope>(scopeNeeded, context.getHandler());
    const verdict = this.keys.check(keyOf(request));
    const admit = (found: KeyVerdict): true => {
      request.credential = withScope(found, scope);
      return true;
    };
    return verdict instanceof Promise ? verdict.then(admit) : admit(verdict);
  }
}

function keyOf(request: FastifyRequest): string {
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
