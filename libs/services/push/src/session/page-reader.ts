/**
 * Reads pages of a log, bounded in entries and bytes. What it read is a snapshot: it must not be kept for
 * long.
 */
import type { Entry, LogKey } from '@carillon/domain';
import { Clock, MessageLog, PortError } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { PushOptions } from '../push-options.js';

/**
 * The first page of a pump is small and the next ones grow: large entries must not be read by the hundred to
 * be thrown away.
 */
export const firstPageEntries = 16;

/** Entries of a log in order, and how far they are used up. `readAt` is monotonic. */
export interface Page {
  readonly entries: readonly Entry[];
  readonly readAt: number;
  /** How many the following page should have. */
  readonly nextEntries: number;
  next: number;
}

@Injectable()
export class PageReader {
  constructor(
    private readonly messages: MessageLog,
    private readonly clock: Clock,
    private readonly options: PushOptions,
  ) {}

  /** The entries after `after`, at most `limit` and about `ringBytes`. @throws PortUnavailable */
  async read(log: LogKey, after: number, limit = firstPageEntries): Promise<Page> {
    const readAt = this.clock.monotonic();
    const { readPage, ringBytes } = this.options;
    const read = await this.messages.read(log, after, Math.min(limit, readPage));
    const entries = bounded(read, ringBytes);
    const nextEntries = entries.length < read.length ? entries.length : Math.min(readPage, limit * 2);
    return { entries, readAt, nextEntries, next: 0 };
  }

  /** The same for a pump that can wait: undefined when the store is away. */
  async tryRead(log: LogKey, after: number, limit: number): Promise<Page | undefined> {
    try {
      return await this.read(log, after, limit);
    } catch (error) {
      if (error instanceof PortError) return undefined;
      throw error;
    }
  }
}

/** As many entries from the front as fit, at least one: a page may wait for a slow client. */
function bounded(entries: readonly Entry[], bytesMax: number): readonly Entry[] {
  let bytes = 0;
  const end = entries.findIndex((entry) => {
    bytes += (entry.data?.length ?? 0) + (entry.notification?.length ?? 0);
    return bytes > bytesMax;
  });
  return end < 0 ? entries : entries.slice(0, Math.max(1, end));
}
