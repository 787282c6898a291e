/**
 * The one connection to the database file. Nothing is confirmed before SQLite has synced its write-ahead log
 * to the disk, and no driver error leaves this folder as it is.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { PortUnavailable } from '@carillon/domain/ports';
import { migrate } from './schema.js';
import { StoreFileUnusable } from './store-file-unusable.js';

/**
 * How long a write waits for another process that writes to the same file; well inside the append deadline.
 */
const busyTimeoutMs = 2_000;
/**
 * Switching a new file to WAL is refused at once while
 * another process opens it, whatever the busy time-out is.
 */
const openAttemptsMax = 40;
const openPauseMs = 50;

/** Result codes of SQLite (https://sqlite.org/rescode.html); an extended code has them in its low byte. */
const resultCodes = {
  busy: 5,
  readOnly: 8,
  corrupt: 11,
  cantOpen: 14,
  constraint: 19,
  notDatabase: 26,
} as const;

export class Database {
  readonly #sqlite: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;

  /** Creates folder and file where absent, and migrates. @throws StoreFileUnusable */
  static async open(path: string): Promise<Database> {
    makeFolder(dirname(path));
    for (let attempt = 1; ; attempt++) {
      try {
        return new Database(connect(path));
      } catch (error) {
        if (resultCode(error) !== resultCodes.busy || attempt === openAttemptsMax)
          throw unusable(path, error);
        await sleep(openPauseMs);
      }
    }
  }

  private constructor(sqlite: DatabaseSync) {
    this.#sqlite = sqlite;
    this.#begin = sqlite.prepare('BEGIN IMMEDIATE');
    this.#commit = sqlite.prepare('COMMIT');
  }

  prepare(sql: string): StatementSync {
    return this.#sqlite.prepare(sql);
  }

  /** Runs reads. @throws PortUnavailable in place of the driver's error */
  read<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw portError(error);
    }
  }

  /**
   * Runs reads and writes as one transaction, no other writer in between, on the disk when this returns.
   * @throws PortUnavailable in place of the driver's error: then all of it is undone, or, after a failed
   * sync, unknown
   */
  write<T>(work: () => T): T {
    try {
      this.#begin.run();
      const result = work();
      this.#commit.run();
      return result;
    } catch (error) {
      this.#undo();
      throw portError(error);
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#sqlite.isOpen) this.#sqlite.close();
  }

  /** Some errors (disk full, I/O) have ended the transaction already. */
  #undo(): void {
    if (this.#sqlite.isOpen && this.#sqlite.isTransaction) this.#sqlite.exec('ROLLBACK');
  }
}

function makeFolder(folder: string): void {
  try {
    makeFolders(folder);
  } catch (cause) {
    throw new StoreFileUnusable(
      `The folder ${folder} cannot be made (${codeOf(cause)}).`,
      'Make its parent writable for this user, or set the store to another path.',
      { cause },
    );
  }
}

/**
 * Not `recursive: true`:
 * where mkdir answers ENOENT below an existing folder (/proc), Node never returns from it.
 */
function makeFolders(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error;
    makeFolders(dirname(folder));
    mkdirSync(folder);
  }
}

/** A new file is for its owner only: it may hold a signing key. SQLite gives its side files the same mode. */
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch {
    // It is there already, or cannot be made: opening it as a database says so in better words.
  }
}

function connect(path: string): DatabaseSync {
  makePrivate(path);
  const sqlite = new DatabaseSync(path, { timeout: busyTimeoutMs });
  try {
    const mode = sqlite.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode;
    if (mode !== 'wal') {
      throw new StoreFileUnusable(
        `The file ${path} cannot have a write-ahead log (it stays in mode "${String(mode)}").`,
        'Set the store to a path on a local disk.',
      );
    }
    sqlite.exec('PRAGMA synchronous = FULL');
    migrate(sqlite, path);
    return sqlite;
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

function unusable(path: string, error: unknown): unknown {
  const options = { cause: error };
  switch (resultCode(error)) {
    case resultCodes.notDatabase:
    case resultCodes.corrupt:
      return new StoreFileUnusable(
        `The file ${path} is no database, or a damaged one.`,
        'Restore it from a backup, move it away to start empty, or set the store to another path.',
        options,
      );
    case resultCodes.readOnly:
    case resultCodes.cantOpen:
      return new StoreFileUnusable(
        `The file ${path} cannot be opened for writing.`,
        'Make the folder and the file writable for this user, or set the store to another path.',
        options,
      );
    case resultCodes.busy:
      return new StoreFileUnusable(
        `The file ${path} is held by another process.`,
        'End that process, or set the store to another path.',
        options,
      );
    default:
      return error;
  }
}

function portError(error: unknown): unknown {
  const code = codeOf(error);
  // ERR_INVALID_STATE: asked after close().
  if (code !== 'ERR_SQLITE_ERROR' && code !== 'ERR_INVALID_STATE') return error;
  // Nobody writes in between, so a broken constraint is a caller's fault that no retry would mend.
  if (resultCode(error) === resultCodes.constraint) return error;
  return new PortUnavailable('the database file cannot be used now', { cause: error });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return Number(error.errcode) & 0xff;
}
