/**
 * What Auth decides by, held in memory: tenants' origins and signing keys. Read again every few seconds,
 * never within a verification; while the store is away the last reading counts.
 */
import { type AuthPolicy, type PublicJwk, toJsonBytes } from '@carillon/domain';
import { Clock, KeyRing, repeat, type Timer } from '@carillon/domain/ports';
import type { AuthConfig, Logger } from '@carillon/platform';
import { KeySet, openSigningKey, type TokenSigner } from '@carillon/tokens';
import { Inject, Injectable } from '@nestjs/common';
import { defaultTenant } from './admin-key.js';
import { authConfig, authLog } from './injection.js';

/** How old the origins and keys may be that Auth answers with. */
export const policyRefreshMs = 4_000;

@Injectable()
export class Policy {
  /** Public keys of all signing keys, for verification. */
  readonly keys = new KeySet();
  private opened: TokenSigner | undefined;
  private jwks: readonly PublicJwk[] = [];
  private encoded: Uint8Array = new Uint8Array();
  private timer: Timer | undefined;

  constructor(
    private readonly keyRing: KeyRing,
    private readonly clock: Clock,
    @Inject(authConfig) private readonly config: AuthConfig,
    @Inject(authLog) private readonly log: Logger,
  ) {}

  /**
   * Reads once, then again and again until stopped. @throws PortUnavailable, UnfitKey from the first reading
   */
  async start(): Promise<void> {
    await this.read();
    this.timer = repeat(
      this.clock,
      () => policyRefreshMs,
      () => this.refresh(),
    );
  }

  stop(): void {
    this.timer?.cancel();
  }

  /** The newest signing key. Only after `start`. */
  get signer(): TokenSigner {
    if (!this.opened) throw new Error('the policy has not been read yet');
    return this.opened;
  }

  /** The `AuthPolicy` as JSON bytes, made once per reading. */
  get bytes(): Uint8Array {
    return this.encoded;
  }

  /** Every public key that a valid token may be signed with, newest first. */
  get publicKeys(): readonly PublicJwk[] {
    return this.jwks;
  }

  private async refresh(): Promise<void> {
    try {
      await this.read();
    } catch (error) {
      this.log.warn({ err: error }, 'tenants and signing keys could not be read; the last ones count');
    }
  }

  private async read(): Promise<void> {
    const [tenants, signingKeys] = await Promise.all([this.keyRing.tenants(), this.keyRing.signingKeys()]);
    const { issuer, audience, keySecret } = this.config;
    const [newest] = signingKeys;
    const keys = signingKeys.map((key) => key.publicJwk);
    this.keys.replace(keys);
    this.jwks = keys;
    if (newest && newest.kid !== this.opened?.kid) this.opened = openSigningKey(newest, keySecret);
    const origins = Object.fromEntries(tenants.map(({ id, origins }) => [id, this.originsOf(id, origins)]));
    this.encoded = toJsonBytes({ origins, issuer, audience, keys } satisfies AuthPolicy);
  }

  /**
   * The configured list is the truth for the tenant that is made from it:
   * a changed one counts at the next start.
   */
  private originsOf(tenant: string, stored: readonly string[]): readonly string[] {
    const { origins } = this.config;
    return tenant === defaultTenant && origins.length > 0 ? origins : stored;
  }
}
