/**
 * The tables, as the steps that lead to them. A step that was released is never edited: a change is a new
 * step at the end. Every step runs in one transaction with the version it leads to.
 */
import type { DatabaseSync } from 'node:sqlite';
import { StoreFileUnusable } from './store-file-unusable.js';

/** `PRAGMA application_id` of our files: "Cari" in ASCII. */
const applicationId = 0x43617269;

/**
 * Step n leads from version n to n + 1. Texts compare by bytes (BINARY), which is the key order of the ports.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE entries (
    id TEXT NOT NULL PRIMARY KEY, log TEXT NOT NULL, seq INTEGER NOT NULL,
    acceptedAt INTEGER NOT NULL, expiresAt INTEGER NOT NULL, event TEXT NOT NULL,
    data TEXT, notification TEXT, collapseKey TEXT, mark TEXT,
    fingerprint TEXT, recipients INTEGER, externalId TEXT, metadata TEXT
  );
  CREATE UNIQUE INDEX entriesByPlace ON entries (log, seq);
  CREATE TABLE cursors (
    device TEXT NOT NULL, log TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (device, log)
  ) WITHOUT ROWID;
  CREATE INDEX cursorsByLog ON cursors (log, seq);
  CREATE TABLE devices (
    key TEXT NOT NULL PRIMARY KEY, user TEXT NOT NULL,
    firstSeenAt INTEGER NOT NULL, lastSeenAt INTEGER NOT NULL, app TEXT
  ) WITHOUT ROWID;
  CREATE INDEX devicesByUser ON devices (user, lastSeenAt);
  CREATE TABLE receipts (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, log TEXT NOT NULL, user TEXT NOT NULL, device TEXT,
    connection TEXT NOT NULL, node TEXT NOT NULL, lowest INTEGER NOT NULL, highest INTEGER NOT NULL,
    writtenAt INTEGER NOT NULL
  );
  CREATE INDEX receiptsByPlace ON receipts (log, user, highest);
  CREATE INDEX receiptsByAge ON receipts (writtenAt);
  CREATE TABLE receiptParts (
    receipt INTEGER NOT NULL, number INTEGER NOT NULL, ranges TEXT NOT NULL, PRIMARY KEY (receipt, number)
  ) WITHOUT ROWID;
  CREATE TABLE connections (
    id TEXT NOT NULL PRIMARY KEY, user TEXT NOT NULL, openedAt INTEGER NOT NULL, closedAt INTEGER,
    record TEXT NOT NULL, writtenAt INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX connectionsByUser ON connections (user, openedAt);
  CREATE INDEX connectionsByAge ON connections (writtenAt);
  CREATE TABLE tenants (id TEXT NOT NULL PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE signingKeys (
    kid TEXT NOT NULL PRIMARY KEY, createdAt INTEGER NOT NULL, record TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE apiKeys (id TEXT NOT NULL PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  `,
  // The indexes on entries hold only those for which there is something left to do.
  `
  CREATE INDEX entriesToCollapse ON entries (log, collapseKey, seq)
    WHERE collapseKey IS NOT NULL AND mark IS NULL;
  CREATE INDEX entriesToEmpty ON entries (expiresAt)
    WHERE data IS NOT NULL OR notification IS NOT NULL OR metadata IS NOT NULL;
  CREATE TABLE members (
    topic TEXT NOT NULL, user TEXT NOT NULL, head INTEGER NOT NULL, joinedAt INTEGER NOT NULL,
    PRIMARY KEY (topic, user)
  ) WITHOUT ROWID;
  CREATE INDEX membersByUser ON members (user, topic);
  CREATE TABLE scheduled (
    id TEXT NOT NULL PRIMARY KEY, tenant TEXT NOT NULL, fingerprint TEXT NOT NULL, posting TEXT NOT NULL,
    recipients INTEGER NOT NULL, acceptedAt INTEGER NOT NULL, dueAt INTEGER NOT NULL, state TEXT NOT NULL,
    claimedBy TEXT, claimedUntil INTEGER, endedAt INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX scheduledByDue ON scheduled (dueAt) WHERE endedAt IS NULL;
  CREATE INDEX scheduledByEnd ON scheduled (endedAt) WHERE endedAt IS NOT NULL;
  CREATE TABLE reads (
    user TEXT NOT NULL, message TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (user, message)
  ) WITHOUT ROWID;
  CREATE INDEX readsByAge ON reads (at);
  DROP INDEX receiptsByPlace;
  CREATE INDEX receiptsByUser ON receipts (user, log, highest);
  `,
];

/**
 * Brings the file to the newest version;
 * of processes that try at once one does it and the others find it done.
 * @throws StoreFileUnusable when the file is another program's, or of a newer version than this one knows.
 */
export function migrate(sqlite: DatabaseSync, path: string, steps: readonly string[] = migrations): void {
  sqlite.exec('BEGIN IMMEDIATE');
  try {
    const version = checkedVersion(sqlite, path, steps.length);
    for (const step of steps.slice(version)) sqlite.exec(step);
    sqlite.exec(`PRAGMA application_id = ${applicationId}`);
    sqlite.exec(`PRAGMA user_version = ${steps.length}`);
    sqlite.exec('COMMIT');
  } catch (error) {
    if (sqlite.isTransaction) sqlite.exec('ROLLBACK');
    throw error;
  }
}

function checkedVersion(sqlite: DatabaseSync, path: string, newest: number): number {
  const version = pragma(sqlite, 'user_version');
  const owner = pragma(sqlite, 'application_id');
  const isEmpty = sqlite.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  if (owner !== applicationId && !isEmpty) {
    throw new StoreFileUnusable(
      `The file ${path} is a database of another program.`,
      'Set the store to another path, or move that file away.',
    );
  }
  if (version > newest) {
    throw new StoreFileUnusable(
      `The file ${path} was written by a newer Carillon (schema ${version}, this one knows ${newest}).`,
      'Start that newer version, or set the store to another path.',
    );
  }
  return version;
}

function pragma(sqlite: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(sqlite.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}
