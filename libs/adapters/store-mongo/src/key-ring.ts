/** Tenants and keys. Of racing processes one wins, by a unique index. */
import type { ApiKeyRecord, PublicJwk, SigningKey, Tenant } from '@carillon/domain';
import { KeyRing, PortUnavailable } from '@carillon/domain/ports';
import { isDuplicate } from './driver-errors.js';
import type { Guard } from './guard.js';
import type { SigningKeyRow } from './rows.js';
import type { Collections } from './schemas.js';
import { upsertAll } from './upserts.js';

const firstGeneration = 1;

export class MongoKeyRing extends KeyRing {
  readonly #collections: Pick<Collections, 'tenants' | 'signingKeys' | 'apiKeys'>;
  readonly #guard: Guard;

  constructor(collections: Pick<Collections, 'tenants' | 'signingKeys' | 'apiKeys'>, guard: Guard) {
    super();
    this.#collections = collections;
    this.#guard = guard;
  }

  override async ensureTenant({ id, origins }: Tenant): Promise<Tenant> {
    const { tenants } = this.#collections;
    const update = { $setOnInsert: { origins } };
    await upsertAll(tenants, this.#guard, [{ q: { _id: id }, u: update }]);
    const stored = await this.#guard.call(() => tenants.findOne({ _id: id }));
    if (!stored) throw new PortUnavailable(`tenant ${id} was removed while it was stored`);
    return { id, origins: stored.origins };
  }

  override async tenants(): Promise<readonly Tenant[]> {
    const rows = await this.#guard.call(() => this.#collections.tenants.find({}).sort({ _id: 1 }).toArray());
    return rows.map(({ _id, origins }) => ({ id: _id, origins }));
  }

  override async ensureSigningKey(candidate: SigningKey): Promise<SigningKey> {
    const [stored] = await this.signingKeys();
    if (stored) return stored;
    const { kid, publicJwk, ...rest } = candidate;
    const row = {
      _id: kid,
      generation: firstGeneration,
      publicJwk: JSON.stringify(publicJwk),
      ...rest,
    };
    await this.#insertUnlessThere(() => this.#collections.signingKeys.insertOne(row));
    const [winner] = await this.signingKeys();
    if (!winner) throw new PortUnavailable('the signing key that won is not committed yet');
    return winner;
  }

  override async signingKeys(): Promise<readonly SigningKey[]> {
    const rows = await this.#guard.call(() =>
      this.#collections.signingKeys.find({}).sort({ createdAt: -1, generation: -1 }).toArray(),
    );
    return rows.map(signingKeyFromRow);
  }

  override addApiKey({ id, ...rest }: ApiKeyRecord): Promise<boolean> {
    return this.#insertUnlessThere(() => this.#collections.apiKeys.insertOne({ _id: id, ...rest }));
  }

  override async apiKey(id: string): Promise<ApiKeyRecord | undefined> {
    const row = await this.#guard.call(() => this.#collections.apiKeys.findOne({ _id: id }));
    if (!row) return undefined;
    const { _id, ...rest } = row;
    return { id: _id, ...rest };
  }

  #insertUnlessThere(insert: () => Promise<unknown>): Promise<boolean> {
    return this.#guard.call(async () => {
      try {
        await insert();
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    });
  }
}

function signingKeyFromRow({ _id, createdAt, publicJwk, privateKey }: SigningKeyRow): SigningKey {
  return { kid: _id, createdAt, publicJwk: JSON.parse(publicJwk) as PublicJwk, privateKey };
}
