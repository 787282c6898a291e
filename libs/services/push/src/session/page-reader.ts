/**
 * Reads pages of a log, bounded in entries and bytes. Thousands of sessions ask at once, many of them the
 * same: what is asked at the same time is read together, and the same place only once.
 */
import type { Entry, LogKey } from '@carillon/domain';
import { PooledCall } from '@carillon/domain';
import { Clock, type LogPlace, MessageLog, PortError } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { PushLog } from '../push-log.js';
import { PushOptions } from '../push-options.js';
import { Page } from './page.js';

/**
 * The first page of a pump is small and the next ones grow: large entries must not be read by the hundred to
 * be thrown away.
 */
export const firstPageEntries = 16;

/** Places of one look-up, and look-ups at a time: entries may be large, so not too many of them at once. */
const limits = { questionsMax: 50, callsMax: 4 };

interface PlaceQuestion extends LogPlace {
  readonly limit: number;
}

@Injectable()
export class PageReader {
  private readonly pages;

  constructor(
    private readonly messages: MessageLog,
    private readonly clock: Clock,
    private readonly options: PushOptions,
    private readonly log: PushLog,
  ) {
    const bounds = { ...limits, clock };
    this.pages = new PooledCall<PlaceQuestion, Page>((places) => this.readAll(places), bounds, keyOf);
  }

  /** The entries after `after`, at most `limit` and about `ringBytes`. @throws PortUnavailable */
  read(log: LogKey, after: number, limit = firstPageEntries): Promise<Page> {
    return this.pages.ask({ log, after, limit: Math.min(limit, this.options.readPage) });
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

  private async readAll(places: readonly PlaceQuestion[]): Promise<(place: PlaceQuestion) => Page> {
    const readAt = this.clock.monotonic();
    const pages = new Map<string, Page>();
    const limits = new Set(places.map(({ limit }) => limit));
    await Promise.all(
      [...limits].map(async (limit) => {
        const alike = places.filter((place) => place.limit === limit);
        const read = await this.messages.readMany(alike, limit);
        for (const [at, place] of alike.entries())
          pages.set(keyOf(place), this.pageOf(read[at] ?? [], readAt, limit));
      }),
    );
    return (place) => pages.get(keyOf(place)) as Page;
  }

  private pageOf(read: readonly Entry[], readAt: number, limit: number): Page {
    const { readPage, ringBytes } = this.options;
    const entries = bounded(read, ringBytes);
    const nextEntries = entries.length < read.length ? entries.length : Math.min(readPage, limit * 2);
    return new Page({ entries, readAt, nextEntries }, ({ id }) => this.log.poisoned(id));
  }
}

function keyOf({ log, after, limit }: PlaceQuestion): string {
  return `${log}@${after}+${limit}`;
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
