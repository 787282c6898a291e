/**
 * The public keys of tokens, RFC 7517: for whoever verifies them without us. Must never hold a private part.
 */
import type { PublicJwk } from '@carillon/domain';
import { Controller, Get, Header } from '@nestjs/common';
import { Policy } from './policy.js';

@Controller()
export class JwksController {
  constructor(private readonly policy: Policy) {}

  @Get(['.well-known/jwks.json', 'v1/.well-known/jwks.json'])
  @Header('cache-control', 'public, max-age=600')
  keys(): { readonly keys: readonly PublicJwk[] } {
    return { keys: this.policy.publicKeys };
  }
}
