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
import { migrate } from './schema.js';
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

describe('the schema', () => {
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
