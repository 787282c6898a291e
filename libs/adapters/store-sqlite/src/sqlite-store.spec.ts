/**
 * The contract on a file, and what only a file can show: reopening, migration, refusals, several processes.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Draft, deviceKey, parameters, receiptId, userKey, userLog } from '@carillon/domain';
import { storeContract } from '@carillon/domain/contracts';
import type { Store } from '@carillon/domain/ports';
import { FakeClock } from '@carillon/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { Database } from './database.js';
import { migrate, migrations } from './schema.js';
import { SqliteStore } from './sqlite-store.js';
import { StoreFileUnusable } from './store-file-unusable.js';

const folder = mkdtempSync(join(tmpdir(), 'carillon-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const freshPath = () => join(folder, `${++files}`, 'carillon.db');
const open = (path: string, clock = new FakeClock()): Promise<Store> => SqliteStore.open({ path, clock });

const contractPath = freshPath();
storeContract('SqliteStore', () => open(contractPath), { another: () => open(contractPath) });

const ann = userKey('t', 'ann');
const log = userLog(ann);
const draft = (id: string): Draft => ({ id, log, acceptedAt: 1, expiresAt: 2, event: 'e' });

describe('SqliteStore', () => {
  it('finds everything again after it was closed and reopened', async () => {
    const path = freshPath();
    const first = await open(path);
    await first.log.append([draft('a'), draft('b')]);
    await first.cursors.advance([{ device: deviceKey(ann, 'd'), log, seq: 2 }]);
    const epoch = await first.facts.epoch();
    await first.close();
    await first.close();
    const second = await open(path);
    expect((await second.log.read(log, 0, 10)).map(({ id, seq }) => [id, seq])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect((await second.cursors.furthest([log])).get(log)).toBe(2);
    expect(await second.facts.epoch()).toBe(epoch);
    await second.close();
  });

  it('syncs every commit to the disk and keeps a write-ahead log', async () => {
    const database = await Database.open(freshPath());
    const setting = (name: string) => database.prepare(`PRAGMA ${name}`).get()?.[name];
    expect([setting('journal_mode'), setting('synchronous')]).toEqual(['wal', 2]);
    database.close();
  });

  it('answers nothing for certain once it is closed', async () => {
    const store = await open(freshPath());
    await store.close();
    expect(await store.log.append([draft('a')])).toEqual([{ outcome: 'unconfirmed' }]);
    await expect(store.log.read(log, 0, 1)).rejects.toMatchObject({ name: 'PortUnavailable' });
    await expect(store.facts.now()).rejects.toMatchObject({ name: 'PortUnavailable' });
  });

  it('confirms nothing of a commit while another process holds the file, and leaves no hole', async () => {
    const path = freshPath();
    const store = await open(path);
    const holder = new DatabaseSync(path);
    holder.exec('BEGIN IMMEDIATE');
    const held = await store.log.append([draft('a'), draft('b')]);
    await expect(store.keeping.erase(log)).rejects.toMatchObject({ name: 'PortUnavailable' });
    expect(held.map(({ outcome }) => outcome)).toEqual(['unconfirmed', 'unconfirmed']);
    expect(await store.log.read(log, 0, 10)).toEqual([]);
    holder.exec('ROLLBACK');
    holder.close();
    const freed = await store.log.append([draft('b'), draft('a')]);
    expect(freed).toMatchObject([{ entry: { id: 'b', seq: 1 } }, { entry: { id: 'a', seq: 2 } }]);
    await store.close();
  });

  it('makes files that only their owner may read, as they may hold a signing key', async () => {
    const path = join(folder, 'private.sqlite');
    const opened = await SqliteStore.open({ path, clock: new FakeClock() });
    await opened.facts.epoch();
    const modes = ['', '-wal', '-shm'].map((suffix) => statSync(path + suffix).mode & 0o777);
    await opened.close();
    expect(modes).toEqual([0o600, 0o600, 0o600]);
  });

  it('undoes a whole commit when one of its drafts cannot be stored', async () => {
    const store = await open(freshPath());
    const broken = { ...draft('b'), event: undefined } as unknown as Draft;
    await expect(store.log.append([draft('a'), broken])).rejects.toThrow();
    expect(await store.log.read(log, 0, 10)).toEqual([]);
    expect(await store.log.append([draft('c')])).toMatchObject([{ outcome: 'appended', entry: { seq: 1 } }]);
    await store.close();
  });

  it('forgets receipts and connections 30 days after they were last written, and not before', async () => {
    const clock = new FakeClock();
    const store = await open(freshPath(), clock);
    const write = (connection: string) =>
      store.receipts.record(
        [
          {
            ...{ id: receiptId(connection, log, clock.now()), log, user: ann, connection, node: 'n' },
            ...{ sent: [], settled: [{ from: 1, to: 1, at: clock.now() }], failed: [], unhandled: [] },
          },
        ],
        [{ id: connection, user: ann, node: 'n', transport: 'websocket', openedAt: clock.now() }],
      );
    const left = async () => [
      (await store.receipts.ofEntry(log, 1, ann)).map(({ connection }) => connection),
      (await store.receipts.connectionsOf(ann, 0, 10)).map(({ id }) => id),
    ];
    await write('old');
    await clock.advance(parameters.receiptsKeptMs);
    await write('young');
    expect(await left()).toEqual([
      ['old', 'young'],
      ['young', 'old'],
    ]);
    await clock.advance(60_000);
    await write('younger');
    expect(await left()).toEqual([
      ['young', 'younger'],
      ['younger', 'young'],
    ]);
    await store.close();
  });
});

describe('what SQLite keeps beside the logs', () => {
  it('forgets who has read what 30 days after, and ended schedules a day after', async () => {
    const clock = new FakeClock();
    const store = await open(freshPath(), clock);
    const schedule = async (id: string) => {
      await store.schedule.add({
        ...{ id, tenant: 't', fingerprint: '', posting: '{}', recipients: 1, acceptedAt: 1 },
        dueAt: clock.now() + 1,
      });
      await store.schedule.cancel(id, clock.now());
    };
    const left = async () => [
      (await store.reads.ofMessage('old', [ann])).size,
      (await store.schedule.find(['old', 'young'])).map(({ id }) => id),
    ];
    await store.reads.note(ann, ['old'], clock.now());
    await schedule('old');
    await clock.advance(parameters.scheduleKeptMs);
    await store.schedule.claimDue(clock.now(), { by: 'b', until: clock.now() }, 1);
    await schedule('young');
    expect(await left()).toEqual([1, ['old', 'young']]);
    await clock.advance(60_000);
    await store.schedule.claimDue(clock.now(), { by: 'b', until: clock.now() }, 1);
    expect(await left()).toEqual([1, ['young']]);
    await clock.advance(parameters.receiptsKeptMs);
    await store.reads.note(ann, ['young'], clock.now());
    expect((await left())[0]).toBe(0);
    await store.close();
  });

  it.each([
    [
      'SELECT seq FROM entries WHERE log = ? AND collapseKey = ? AND seq < ? AND mark IS NULL ORDER BY seq',
      'SEARCH entries USING INDEX entriesToCollapse (log=? AND collapseKey=? AND seq<?)',
    ],
    [
      `SELECT log, seq FROM entries WHERE expiresAt < ?
       AND (data IS NOT NULL OR notification IS NOT NULL OR metadata IS NOT NULL)
       ORDER BY expiresAt LIMIT ?`,
      'SEARCH entries USING INDEX entriesToEmpty (expiresAt<?)',
    ],
    [
      `SELECT id FROM scheduled WHERE endedAt IS NULL AND dueAt <= ?
       AND (state = 'waiting' OR (state = 'claimed' AND claimedUntil <= ?)) ORDER BY dueAt LIMIT ?`,
      'SEARCH scheduled USING INDEX scheduledByDue (dueAt<?)',
    ],
  ])('finds what is left to do by an index of nothing else: %s', async (sql, plan) => {
    const database = await Database.open(freshPath());
    const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...sql.match(/\?/g)!.map(() => 0));
    expect(steps.map(({ detail }) => detail)).toEqual([plan]);
    database.close();
  });
});

describe('the schema', () => {
  it('brings a file of the first version to this one, with all that was in it', async () => {
    const path = freshPath();
    const sqlite = emptyDatabase(path);
    migrate(sqlite, path, migrations.slice(0, 1));
    sqlite.exec(`
      INSERT INTO entries (id, log, seq, acceptedAt, expiresAt, event, data, collapseKey)
        VALUES ('a', 't/user:ann', 1, 1, 2, 'e', '1', 'k'), ('b', 't/user:ann', 2, 1, 9e12, 'e', '2', 'k');
      INSERT INTO cursors VALUES ('t/ann/d', 't/user:ann', 1);
      INSERT INTO receipts VALUES (1, 'c@t/user:ann#0', 't/user:ann', 't/ann', NULL, 'c', 'n', 1, 1, 1);
      INSERT INTO receiptParts
        VALUES (1, 1, '{"sent":[],"settled":[{"from":1,"to":1,"at":5}],"failed":[],"unhandled":[]}');
      INSERT INTO meta VALUES ('epoch', 'first');
    `);
    sqlite.close();
    const store = await open(path);
    expect(await store.facts.epoch()).toBe('first');
    expect((await store.log.read(log, 0, 10)).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(await store.receipts.ofEntry(log, 1, ann)).toMatchObject([{ settled: [{ from: 1, at: 5 }] }]);
    expect(await store.marks.supersede(log, 'k', 2)).toEqual([1]);
    expect(await store.keeping.emptyExpired(3, 10)).toBe(1);
    expect(await store.log.read(log, 0, 1)).toMatchObject([{ id: 'a', mark: 'superseded' }]);
    await store.members.join([{ topic: log, user: ann, head: 2, joinedAt: 1 }]);
    await store.receipts.forget(ann);
    expect(await store.receipts.ofEntry(log, 1, ann)).toEqual([]);
    await store.close();
  });

  it('goes forward from the version that a file has, step by step and once', () => {
    const path = freshPath();
    const sqlite = emptyDatabase(path);
    const first = 'CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);';
    const second = 'ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;';
    migrate(sqlite, path, [first]);
    migrate(sqlite, path, [first, second]);
    migrate(sqlite, path, [first, second]);
    expect(sqlite.prepare('SELECT x, y FROM a').all()).toMatchObject([{ x: 1, y: 2 }]);
    expect(sqlite.prepare('PRAGMA user_version').get()).toMatchObject({ user_version: 2 });
    sqlite.close();
  });

  it('is left as it was by a step that fails', () => {
    const path = freshPath();
    const sqlite = emptyDatabase(path);
    const first = 'CREATE TABLE a (x INTEGER)';
    migrate(sqlite, path, [first]);
    expect(() => migrate(sqlite, path, [first, 'CREATE TABLE b (x); NONSENSE;'])).toThrow();
    expect(sqlite.prepare('PRAGMA user_version').get()).toMatchObject({ user_version: 1 });
    expect(sqlite.prepare('SELECT name FROM sqlite_schema').all()).toMatchObject([{ name: 'a' }]);
    sqlite.close();
  });
});

describe('a path that cannot be used', () => {
  it.each<[string, (path: string) => string, RegExp]>([
    ['lies in a file', fileOnTheWay, /cannot be made \(ENOTDIR\)/],
    ['is a folder', folderInstead, /cannot be opened for writing/],
    ['is a text', textInstead, /is no database/],
    ['is of another program', foreignDatabase, /another program/],
    ['is of a newer version', newerDatabase, /written by a newer Carillon \(schema 99/],
    ['is where nobody may write', () => '/proc/carillon/carillon.db', /cannot be made \(ENOENT\)/],
  ])('that %s is refused with a sentence and a remedy', async (_, prepare, sentence) => {
    const path = join(folder, `unusable-${++files}`);
    const refusal = await open(prepare(path)).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(StoreFileUnusable);
    const { message, remedy } = refusal as StoreFileUnusable;
    expect(message).toMatch(sentence);
    expect(message).toContain(remedy);
    expect(remedy).toMatch(/another path/);
  });
});

function emptyDatabase(path: string): DatabaseSync {
  mkdirSync(join(path, '..'));
  return new DatabaseSync(path);
}

function fileOnTheWay(path: string): string {
  writeFileSync(path, 'x');
  return join(path, 'in', 'carillon.db');
}

function folderInstead(path: string): string {
  mkdirSync(path);
  return path;
}

function textInstead(path: string): string {
  writeFileSync(path, 'no database '.repeat(100));
  return path;
}

function foreignDatabase(path: string): string {
  const sqlite = new DatabaseSync(path);
  sqlite.exec('CREATE TABLE theirs (x)');
  sqlite.close();
  return path;
}

function newerDatabase(path: string): string {
  const sqlite = new DatabaseSync(path);
  migrate(sqlite, path);
  sqlite.exec('PRAGMA user_version = 99');
  sqlite.close();
  return path;
}
