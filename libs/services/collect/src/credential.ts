/** Who asks: what Auth said about the API key of a request. The only source of a tenant. */
import type { KeyCheckReply, Scope } from '@carillon/domain';
import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';

/** An accepted key. */
export type Credential = Extract<KeyCheckReply, { verdict: 'accepted' }>;

/** A request after the guard has let it through. */
export interface CredentialedRequest {
  credential?: Credential;
}

/** Metadata under which a route names its scope. */
export const scopeNeeded = 'carillon:scope';

/** The scope that a key must have for this route; `admin` has them all. */
export const NeedsScope = (scope: Scope) => SetMetadata(scopeNeeded, scope);

/** The credential of the request. */
export const CredentialOf = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const { credential } = context.switchToHttp().getRequest<CredentialedRequest>();
  if (!credential) throw new TypeError('a route without the credentials guard asks for a credential');
  return credential;
});
