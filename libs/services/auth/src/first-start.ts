/**
 * What must be in the store before Auth can answer: a tenant, a signing key, an admin key. Every process runs
 * it at every start; it changes nothing where all is there, and processes that race agree.
 */
import type { SigningKey } from '@carillon/domain';
import { type AuthConfig, StartFault } from '@carillon/platform';
import { generateSigningKey, openSigningKey, UnfitKey } from '@carillon/tokens';
import { type AdminKeyPlace, defaultTenant, ensureAdminKey } from './admin-key.js';
import type { KeyMaking } from './api-key.js';

export interface FirstStart extends KeyMaking {
  readonly config: { readonly auth: AuthConfig };
  readonly print: AdminKeyPlace['print'];
}

/** Idempotent. @throws StartFault with the remedy, PortUnavailable */
export async function firstStart(start: FirstStart): Promise<void> {
  const { adminKey, adminKeyFile, origins } = start.config.auth;
  await start.keyRing.ensureTenant({ id: defaultTenant, origins });
  await ensureSigningKey(start);
  await ensureAdminKey(start, { adminKey, adminKeyFile, print: start.print });
}

async function ensureSigningKey({ keyRing, clock, config }: FirstStart): Promise<void> {
  const secret = config.auth.keySecret;
  const [newest] = await keyRing.signingKeys();
  const stored =
    newest ?? (await keyRing.ensureSigningKey(await generateSigningKey({ createdAt: clock.now(), secret })));
  checkOpens(stored, secret);
}

function checkOpens(key: SigningKey, secret: string | undefined): void {
  try {
    openSigningKey(key, secret);
  } catch (error) {
    if (!(error instanceof UnfitKey)) throw error;
    throw new StartFault(`${error.message}: set AUTH_KEY_SECRET to the one of the first start.`, {
      cause: error,
    });
  }
}
