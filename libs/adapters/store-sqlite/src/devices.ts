/** Devices on SQLite. A device that is forgotten must take its cursors with it. */
import type { StatementSync } from 'node:sqlite';
import { type Device, type DeviceKey, deviceUser, type UserKey } from '@carillon/domain';
import { type DeviceSighting, Devices } from '@carillon/domain/ports';
import type { Database } from './database.js';

interface DeviceRow {
  readonly key: DeviceKey;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly app: string | null;
}

export class SqliteDevices extends Devices {
  readonly #database: Database;
  readonly #seen: StatementSync;
  readonly #surplus: StatementSync;
  readonly #forget: StatementSync;
  readonly #forgetCursors: StatementSync;
  readonly #ofUser: StatementSync;
  readonly #forgetUser: readonly StatementSync[];

  constructor(database: Database) {
    super();
    this.#database = database;
    this.#seen = database.prepare(
      `INSERT INTO devices (key, user, firstSeenAt, lastSeenAt, app) VALUES (?1, ?2, ?3, ?3, ?4)
       ON CONFLICT (key) DO UPDATE
       SET lastSeenAt = max(lastSeenAt, excluded.lastSeenAt), app = coalesce(excluded.app, app)`,
    );
    // The device that is here now stays, whatever another node's clock has noted for the others.
    this.#surplus = database.prepare(
      'SELECT key FROM devices WHERE user = ? ORDER BY key = ? DESC, lastSeenAt DESC, key LIMIT -1 OFFSET ?',
    );
    this.#forget = database.prepare('DELETE FROM devices WHERE key = ?');
    this.#forgetCursors = database.prepare('DELETE FROM cursors WHERE device = ?');
    this.#ofUser = database.prepare(
      'SELECT key, firstSeenAt, lastSeenAt, app FROM devices WHERE user = ? ORDER BY lastSeenAt DESC, key',
    );
    // '0' follows '/' in ASCII, which no name contains: the range holds exactly the devices of the user.
    this.#forgetUser = [
      `DELETE FROM cursors WHERE device >= ?1 || '/' AND device < ?1 || '0'`,
      'DELETE FROM devices WHERE user = ?1',
    ].map((sql) => database.prepare(sql));
  }

  override async forget(user: UserKey): Promise<void> {
    this.#database.write(() => {
      for (const statement of this.#forgetUser) statement.run(user);
    });
  }

  override async seen(sightings: readonly DeviceSighting[], max: number): Promise<void> {
    this.#database.write(() => {
      for (const sighting of sightings) this.#note(sighting, max);
    });
  }

  override async ofUser(user: UserKey): Promise<readonly Device[]> {
    return this.#database.read(() =>
      (this.#ofUser.all(user) as unknown as DeviceRow[]).map(({ key, firstSeenAt, lastSeenAt, app }) => ({
        key,
        firstSeenAt,
        lastSeenAt,
        ...(app === null ? {} : { app }),
      })),
    );
  }

  #note({ device, at, app }: DeviceSighting, max: number): void {
    const user = deviceUser(device);
    this.#seen.run(device, user, at, app ?? null);
    for (const { key } of this.#surplus.all(user, device, max)) {
      this.#forget.run(key ?? null);
      this.#forgetCursors.run(key ?? null);
    }
  }
}
