/**
 * Tokens of users: issued to a tenant's own systems, verified for Push.
 * Must never ask the store for a verification.
 */

import type { TokenRequest } from '@carillon/api';
import type { TokenVerdict } from '@carillon/domain';
import { Clock } from '@carillon/domain/ports';
import { type AuthConfig, Problem } from '@carillon/platform';
import { CheckedSignatures, type IssuedToken, signToken, TokenTooBig, verifyToken } from '@carillon/tokens';
import { limits } from '@carillon/wire';
import { Inject, Injectable } from '@nestjs/common';
import { AuthCounts } from './auth-counts.js';
import { authConfig } from './injection.js';
import { Policy } from './policy.js';

/** Some ten thousand clients come back at once after a restart; a token is mostly half a kilobyte. */
const checkedMax = 10_000;

@Injectable()
export class UserTokens {
  private readonly checked = new CheckedSignatures(checkedMax);

  constructor(
    private readonly policy: Policy,
    private readonly clock: Clock,
    private readonly counts: AuthCounts,
    @Inject(authConfig) private readonly config: AuthConfig,
  ) {}

  /**
   * Total; with keys from memory.
   * A key made elsewhere counts within `policyRefreshMs`, until then it is unknown.
   */
  verify(token: string): TokenVerdict {
    const { issuer, audience } = this.config;
    const { checked } = this;
    const { keys } = this.policy;
    const reply = verifyToken({ token, keys, issuer, audience, now: this.clock.now(), checked });
    this.counts.verified(reply.verdict);
    return reply;
  }

  /** A token for a user of this tenant. @throws Problem validation_failed when its topics do not fit */
  issue(tenant: string, { ttl, ...claims }: TokenRequest): IssuedToken {
    const { issuer, audience, tokenTtlMs } = this.config;
    const { signer } = this.policy;
    const now = this.clock.now();
    try {
      const order = {
        signer,
        claims: { tenant, ...claims },
        issuer,
        audience,
        now,
        ttlMs: ttl ?? tokenTtlMs,
      };
      const issued = signToken(order);
      this.counts.tokenIssued();
      return issued;
    } catch (error) {
      if (!(error instanceof TokenTooBig)) throw error;
      throw tooManyTopics();
    }
  }
}

function tooManyTopics(): Problem {
  const detail =
    `The token would be longer than ${limits.tokenBytesMax} bytes:` +
    ' fewer or shorter topics, or patterns ending with *';
  return new Problem('validation_failed', '1 field is not valid.', {
    errors: [{ pointer: '/topics', code: 'too_long', detail }],
  });
}
