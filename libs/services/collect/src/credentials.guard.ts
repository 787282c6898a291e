/**
 * Lets a request to a controller through when its key has the scope of the route.
 * Must never judge a key itself.
 */
import type { Scope } from '@carillon/domain';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { type CredentialedRequest, scopeNeeded } from './credential.js';
import { Credentials } from './credentials.js';

@Injectable()
export class CredentialsGuard implements CanActivate {
  constructor(
    private readonly credentials: Credentials,
    private readonly reflector: Reflector,
  ) {}

  /** @throws Problem as `Credentials.of` */
  async canActivate(context: ExecutionContext): Promise<true> {
    const request = context.switchToHttp().getRequest<FastifyRequest & CredentialedRequest>();
    const scope = this.reflector.get<Scope>(scopeNeeded, context.getHandler());
    request.credential = await this.credentials.of(request, scope);
    return true;
  }
}
