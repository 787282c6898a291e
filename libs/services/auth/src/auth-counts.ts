/** What Auth counts. Never with a user, tenant or key as a label. */
import type { KeyCheckReply, TokenVerdict } from '@carillon/domain';
import { Metrics } from '@carillon/platform';
import { Injectable } from '@nestjs/common';

@Injectable()
export class AuthCounts {
  private readonly verdicts;
  private readonly keyChecks;
  private readonly issued;

  constructor(metrics: Metrics) {
    this.verdicts = metrics.counter({
      name: 'carillon_auth_token_verdicts_total',
      help: 'Tokens verified, by verdict',
      labels: ['verdict'],
    });
    this.keyChecks = metrics.counter({
      name: 'carillon_auth_key_checks_total',
      help: 'API keys checked, by verdict',
      labels: ['verdict'],
    });
    this.issued = metrics.counter({
      name: 'carillon_auth_tokens_issued_total',
      help: 'Tokens issued in exchange for an API key',
    });
  }

  verified(verdict: TokenVerdict['verdict']): void {
    this.verdicts.inc({ verdict });
  }

  keyChecked(verdict: KeyCheckReply['verdict'] | 'unknown'): void {
    this.keyChecks.inc({ verdict });
  }

  tokenIssued(): void {
    this.issued.inc();
  }
}
