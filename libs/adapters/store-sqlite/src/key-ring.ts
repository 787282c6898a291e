/** Tenants and keys on SQLite. What is there is never overwritten. */
import type { StatementSync } from 'node:sqlite';
import type { ApiKeyRecord, SigningKey, Tenant } from '@carillon/domain';
import { KeyRing } from '@carillon/domain/ports';
import type { Database } from './database.js';

export class SqliteKeyRing extends KeyRing {
  readonly #database: Database;
  readonly #addTenant: StatementSync;
  readonly #tenant: StatementSync;
  readonly #tenants: StatementSync;
  readonly #addSigningKey: StatementSync;
  readonly #signingKeys: StatementSync;
  readonly #addApiKey: StatementSync;
  readonly #apiKey: StatementSync;

  constructor(database: Database) {
    super();
    this.#database = database;
    this.#addTenant = database.prepare('INSERT OR IGNORE INTO tenants (id, record) VALUES (?, ?)');
    this.#tenant = database.prepare('SELECT record FROM tenants WHERE id = ?');
    this.#tenants = database.prepare('SELECT record FROM tenants ORDER BY id');
    this.#addSigningKey = database.prepare(
      `INSERT INTO signingKeys (kid, createdAt, record)
       SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM signingKeys)`,
    );
    this.#signingKeys = database.prepare('SELECT record FROM signingKeys ORDER BY createdAt DESC, kid');
    this.#addApiKey = database.prepare('INSERT OR IGNORE INTO apiKeys (id, record) VALUES (?, ?)');
    this.#apiKey = database.prepare('SELECT record FROM apiKeys WHERE id = ?');
  }

  override async ensureTenant(tenant: Tenant): Promise<Tenant> {
    return this.#database.write(() => {
      this.#addTenant.run(tenant.id, JSON.stringify(tenant));
      return records<Tenant>(this.#tenant.all(tenant.id))[0] ?? tenant;
    });
  }

  override async tenants(): Promise<readonly Tenant[]> {
    return this.#database.read(() => records<Tenant>(this.#tenants.all()));
  }

  override async ensureSigningKey(candidate: SigningKey): Promise<SigningKey> {
    return this.#database.write(() => {
      this.#addSigningKey.run(candidate.kid, candidate.createdAt, JSON.stringify(candidate));
      return records<SigningKey>(this.#signingKeys.all())[0] ?? candidate;
    });
  }

  override async signingKeys(): Promise<readonly SigningKey[]> {
    return this.#database.read(() => records<SigningKey>(this.#signingKeys.all()));
  }

  override async addApiKey(record: ApiKeyRecord): Promise<boolean> {
    return this.#database.write(
      () => Number(this.#addApiKey.run(record.id, JSON.stringify(record)).changes) === 1,
    );
  }

  override async apiKey(id: string): Promise<ApiKeyRecord | undefined> {
    return this.#database.read(() => records<ApiKeyRecord>(this.#apiKey.all(id))[0]);
  }
}

function records<T>(rows: readonly Record<string, unknown>[]): T[] {
  return rows.map((row) => JSON.parse(String(row.record)) as T);
}
