/** Memberships on SQLite. Who joins again keeps the first head. */
import type { StatementSync } from 'node:sqlite';
import type { LogKey, UserKey } from '@carillon/domain';
import { Members, type Membership, type MembersPage } from '@carillon/domain/ports';
import type { Database } from './database.js';

export class SqliteMembers extends Members {
  readonly #database: Database;
  readonly #join: StatementSync;
  readonly #leave: StatementSync;
  readonly #ofUser: StatementSync;
  readonly #ofTopic: StatementSync;
  readonly #nextTopic: StatementSync;
  readonly #forget: StatementSync;

  constructor(database: Database) {
    super();
    this.#database = database;
    this.#join = database.prepare(
      'INSERT OR IGNORE INTO members (topic, user, head, joinedAt) VALUES (?, ?, ?, ?)',
    );
    this.#leave = database.prepare('DELETE FROM members WHERE topic = ? AND user = ?');
    this.#ofUser = database.prepare(
      'SELECT topic, user, head, joinedAt FROM members WHERE user = ? ORDER BY topic',
    );
    this.#ofTopic = database.prepare(
      'SELECT topic, user, head, joinedAt FROM members WHERE topic = ? AND user > ? ORDER BY user LIMIT ?',
    );
    this.#nextTopic = database.prepare(
      'SELECT min(topic) AS topic FROM members WHERE topic > ? AND topic < ?',
    );
    this.#forget = database.prepare('DELETE FROM members WHERE user = ?');
  }

  override async join(memberships: readonly Membership[]): Promise<void> {
    this.#database.write(() => {
      for (const { topic, user, head, joinedAt } of memberships) this.#join.run(topic, user, head, joinedAt);
    });
  }

  override async leave(members: readonly Pick<Membership, 'topic' | 'user'>[]): Promise<void> {
    this.#database.write(() => {
      for (const { topic, user } of members) this.#leave.run(topic, user);
    });
  }

  override async ofUsers(users: readonly UserKey[]): Promise<ReadonlyMap<UserKey, readonly Membership[]>> {
    return this.#database.read(() => {
      const found = new Map<UserKey, readonly Membership[]>();
      for (const user of users) {
        const own = memberships(this.#ofUser.all(user));
        if (own.length > 0) found.set(user, own);
      }
      return found;
    });
  }

  override async ofTopic(topic: LogKey, { after, limit }: MembersPage): Promise<readonly Membership[]> {
    return this.#database.read(() => memberships(this.#ofTopic.all(topic, after ?? '', limit)));
  }

  override async topics(
    tenant: string,
    after: LogKey | undefined,
    limit: number,
  ): Promise<readonly LogKey[]> {
    return this.#database.read(() => {
      const found: LogKey[] = [];
      // '0' follows '/' in ASCII, which no name contains: the range holds exactly the keys of the tenant.
      const next = (last: string) => this.#nextTopic.get(last, `${tenant}0`)?.topic as LogKey | null;
      const start = `${tenant}/`;
      let topic = next(after !== undefined && after > start ? after : start);
      while (topic && found.length < limit) {
        found.push(topic);
        topic = next(topic);
      }
      return found;
    });
  }

  override async forget(user: UserKey): Promise<void> {
    this.#database.write(() => this.#forget.run(user));
  }
}

function memberships(rows: readonly unknown[]): readonly Membership[] {
  return (rows as readonly Membership[]).map(({ topic, user, head, joinedAt }) => ({
    ...{ topic, user, head, joinedAt },
  }));
}
