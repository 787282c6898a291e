/**
 * Keys that sign and verify users' tokens: made, stored and read back. A private key leaves this file only as
 * a KeyObject or as PEM for the store; a key too weak for its algorithm never becomes usable.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { PublicJwk, SigningKey } from '@carillon/domain';
import { isName } from '@carillon/wire';
import type { TokenAlgorithm } from './claims.js';

/** A public key and the one algorithm that it may be used with. */
export interface VerificationKey {
  readonly kid: string;
  readonly alg: TokenAlgorithm;
  readonly key: KeyObject;
}

/** An opened private key. */
export interface TokenSigner {
  readonly kid: string;
  readonly alg: TokenAlgorithm;
  readonly key: KeyObject;
}

/** The key cannot be used: wrong kind, too weak, damaged, or sealed with another secret. */
export class UnfitKey extends Error {
  override readonly name = 'UnfitKey';
}

/** The smallest RSA modulus, RFC 7518 section 3.3. */
export const rsaModulusBitsMin = 2_048;

type KeyParts = Readonly<Record<string, string>> & { readonly kty: string };

const generate = promisify(generateKeyPair);

/**
 * A new signing key, ready for the store. `kid` is the key's RFC 7638 thumbprint, so it can never name
 * another key. With a secret the private part is encrypted PKCS 8 (PBES2, AES-256-CBC), else PKCS 8 in clear.
 * RS256 by default: tokens are signed once and verified in every reconnect storm.
 */
export async function generateSigningKey(options: {
  readonly createdAt: number;
  readonly secret?: string;
  readonly alg?: TokenAlgorithm;
}): Promise<SigningKey> {
  const alg = options.alg ?? 'RS256';
  const { publicKey, privateKey } = await (alg === 'RS256'
    ? generate('rsa', { modulusLength: rsaModulusBitsMin })
    : generate('ec', { namedCurve: 'P-256' }));
  const publicJwk = toPublicJwk(publicKey, alg);
  return {
    kid: publicJwk.kid,
    createdAt: options.createdAt,
    publicJwk,
    privateKey: toPem(privateKey, options.secret),
  };
}

/**
 * The private key of a stored pair.
 * @throws UnfitKey when the secret is another one or the halves do not match.
 */
export function openSigningKey(stored: SigningKey, secret?: string): TokenSigner {
  const { alg, key: publicKey } = readVerificationKey(stored.publicJwk);
  const key = fromPem(stored, secret);
  if (!createPublicKey(key).equals(publicKey)) {
    throw new UnfitKey(`the private part of signing key ${stored.kid} does not belong to its public part`);
  }
  return { kid: stored.kid, alg, key };
}

/**
 * A public key from its JWK.
 * Takes the members of the key itself only: nothing in the JWK is followed or fetched.
 * @throws UnfitKey unless it is RSA with at least 2048 bits for RS256, or P-256 for ES256.
 */
export function readVerificationKey(jwk: PublicJwk): VerificationKey {
  const { kid, alg } = jwk;
  if (!isName(kid)) throw new UnfitKey('a key id is not a name');
  if (alg !== 'RS256' && alg !== 'ES256') throw new UnfitKey(`key ${kid} is for another algorithm`);
  const key = importJwk(kid, partsFor(jwk, alg));
  if (alg === 'RS256' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < rsaModulusBitsMin) {
    throw new UnfitKey(`key ${kid} has fewer than ${rsaModulusBitsMin} bits`);
  }
  return { kid, alg, key };
}

function toPublicJwk(key: KeyObject, alg: TokenAlgorithm): PublicJwk {
  const parts = partsFor(key.export({ format: 'jwk' }) as Readonly<Record<string, unknown>>, alg);
  const kid = createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
  return { ...parts, kid, alg, use: 'sig' };
}

/** The members of the public key, its kind set by the algorithm, in the order of RFC 7638 section 3.2. */
function partsFor(jwk: Readonly<Record<string, unknown>>, alg: TokenAlgorithm): KeyParts {
  const member = (name: string): string => {
    const value = jwk[name];
    if (typeof value !== 'string') throw new UnfitKey(`a key for ${alg} lacks its member ${name}`);
    return value;
  };
  return alg === 'RS256'
    ? { e: member('e'), kty: 'RSA', n: member('n') }
    : { crv: 'P-256', kty: 'EC', x: member('x'), y: member('y') };
}

function importJwk(kid: string, key: KeyParts): KeyObject {
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch (cause) {
    throw new UnfitKey(`key ${kid} is not a readable public key`, { cause });
  }
}

function toPem(key: KeyObject, secret?: string): string {
  const clear = { type: 'pkcs8', format: 'pem' } as const;
  const sealed = secret ? { ...clear, cipher: 'aes-256-cbc', passphrase: secret } : clear;
  return key.export(sealed) as string;
}

function fromPem(stored: SigningKey, secret?: string): KeyObject {
  try {
    // An empty passphrase makes OpenSSL fail; without one it would ask on the terminal.
    return createPrivateKey({ key: stored.privateKey, format: 'pem', passphrase: secret ?? '' });
  } catch (cause) {
    throw new UnfitKey(`signing key ${stored.kid} cannot be opened with the configured key secret`, {
      cause,
    });
  }
}
