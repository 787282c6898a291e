/** Ages logs in memory. Must never remove the newest entry of a log, nor anything but a prefix. */
import { type Entry, type LogKey, type Mark, messageIdOf, type Origin } from '@carillon/domain';
import { LogKeeping, type PurgeBounds } from '@carillon/domain/ports';
import type { MemoryAccess, MemoryData } from './memory-data.js';
import { byCodeUnits } from './memory-log.js';

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
    if (due > 0 && due === entries.length) emptyNewest(entries);
    const count = Math.min(bounds.limit, due, entries.length - 1);
    return removeOldest(data, entries, Math.max(0, count));
  }

  override async erase(log: LogKey): Promise<void> {
    const { data } = this.access;
    const entries = data.logs.get(log) ?? [];
    if (entries.length === 0) return;
    emptyNewest(entries);
    removeOldest(data, entries, entries.length - 1);
  }

  override async mark(log: LogKey, seqs: readonly number[], mark: Mark): Promise<void> {
    const entries = this.access.data.logs.get(log) ?? [];
    const firstSeq = entries[0]?.seq ?? 1;
    for (const seq of seqs) {
      const entry = entries[seq - firstSeq];
      if (entry)
        entries[seq - firstSeq] = { ...(mark === 'superseded' ? entry : withoutContent(entry)), mark };
    }
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

function emptyNewest(entries: Entry[]): void {
  const { origin, ...rest } = withoutContent(entries.at(-1)!);
  entries[entries.length - 1] = {
    ...rest,
    ...(origin ? { origin: withoutMetadata(origin) } : {}),
    mark: 'emptied',
  };
}

function withoutMetadata(origin: Origin): Origin {
  const { metadata: _, ...rest } = origin;
  return rest;
}

function withoutContent(entry: Entry): Entry {
  const { data: _, notification: __, ...rest } = entry;
  return rest;
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
