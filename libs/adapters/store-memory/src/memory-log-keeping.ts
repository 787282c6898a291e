/** Ages logs in memory. Must never remove the newest entry of a log, nor anything but a prefix. */
import { type Entry, fateOf, type LogKey, messageIdOf } from '@carillon/domain';
import { LogKeeping, type PurgeBounds } from '@carillon/domain/ports';
import type { MemoryAccess, MemoryData } from './memory-data.js';
import { byCodeUnits, headOf } from './memory-log.js';
import { hasContent, markAt } from './memory-marks.js';

/** LogKeeping over maps. */
export class MemoryLogKeeping extends LogKeeping {
  constructor(private readonly access: MemoryAccess) {
    super();
  }

  override async purge(log: LogKey, bounds: PurgeBounds): Promise<number> {
    const { data } = this.access;
    const entries = data.logs.get(log) ?? [];
    const isDue = (entry: Entry) =>
      entry.expiresAt < bounds.expiredBefore && entry.acceptedAt < bounds.acceptedBefore;
    const firstKept = entries.findIndex((entry) => !isDue(entry));
    const due = firstKept < 0 ? entries.length : firstKept;
    if (due > 0 && due === entries.length) markAt(entries, entries.length - 1, 'emptied');
    const count = Math.min(bounds.limit, due, entries.length - 1);
    return removeOldest(data, entries, Math.max(0, count));
  }

  override async erase(log: LogKey): Promise<void> {
    const entries = this.access.data.logs.get(log) ?? [];
    for (const at of entries.keys()) markAt(entries, at, 'emptied');
  }

  override async emptyExpired(expiredBefore: number, limit: number): Promise<number> {
    const due: { readonly entries: Entry[]; readonly at: number }[] = [];
    for (const entries of this.access.data.logs.values()) {
      for (const [at, entry] of entries.entries()) {
        if (entry.expiresAt < expiredBefore && hasContent(entry)) due.push({ entries, at });
      }
    }
    const timeOf = ({ entries, at }: (typeof due)[number]) => entries[at]!.expiresAt;
    const oldest = due.sort((a, b) => timeOf(a) - timeOf(b)).slice(0, limit);
    for (const { entries, at } of oldest) markAt(entries, at, 'emptied');
    return oldest.length;
  }

  override async newestExpired(logs: readonly LogKey[], now: number): Promise<ReadonlyMap<LogKey, number>> {
    const { data } = this.access;
    const newest = new Map<LogKey, number>();
    for (const log of logs) {
      const live = data.logs.get(log)?.find((entry) => fateOf(entry, now) === 'live');
      newest.set(log, live ? live.seq - 1 : headOf(data, log));
    }
    return newest;
  }

  override async logsWithEntriesBefore(
    acceptedBefore: number,
    after: LogKey | undefined,
    limit: number,
  ): Promise<readonly LogKey[]> {
    const found: LogKey[] = [];
    for (const [log, entries] of this.access.data.logs) {
      const isAfter = after === undefined || log > after;
      if (isAfter && entries.some((entry) => entry.acceptedAt < acceptedBefore)) found.push(log);
    }
    return found.sort(byCodeUnits).slice(0, limit);
  }
}

function removeOldest(data: MemoryData, entries: Entry[], count: number): number {
  for (const entry of entries.splice(0, count)) {
    const messageId = messageIdOf(entry.id);
    const places = data.messages.get(messageId);
    places?.delete(entry.id);
    if (places?.size === 0) data.messages.delete(messageId);
  }
  return count;
}
