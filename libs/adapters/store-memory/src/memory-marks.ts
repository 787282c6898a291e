/** Marks in memory. A mark that is set stays, save that a recall replaces any; content never comes back. */
import type { Entry, LogKey, Mark } from '@carillon/domain';
import { Marks } from '@carillon/domain/ports';
import type { MemoryAccess } from './memory-data.js';

/** Marks over maps. */
export class MemoryMarks extends Marks {
  constructor(private readonly access: MemoryAccess) {
    super();
  }

  override async mark(log: LogKey, seqs: readonly number[], mark: Mark): Promise<void> {
    const entries = this.access.data.logs.get(log) ?? [];
    const firstSeq = entries[0]?.seq ?? 1;
    for (const seq of seqs) markAt(entries, seq - firstSeq, mark);
  }

  override async supersede(log: LogKey, collapseKey: string, seq: number): Promise<readonly number[]> {
    const entries = this.access.data.logs.get(log) ?? [];
    const marked: number[] = [];
    for (const [at, entry] of entries.entries()) {
      if (entry.seq >= seq || entry.collapseKey !== collapseKey || entry.mark) continue;
      markAt(entries, at, 'superseded');
      marked.push(entry.seq);
    }
    return marked;
  }
}

/** Marks the entry at this index, if there is one. */
export function markAt(entries: Entry[], at: number, mark: Mark): void {
  const entry = entries[at];
  if (!entry) return;
  const kept = mark === 'superseded' ? entry : withoutContent(entry);
  entries[at] = { ...kept, mark: mark === 'recalled' ? mark : (entry.mark ?? mark) };
}

/** Whether there is anything that emptying would remove. */
export function hasContent({ data, notification, origin }: Entry): boolean {
  return data !== undefined || notification !== undefined || origin?.metadata !== undefined;
}

function withoutContent(entry: Entry): Entry {
  const { data: _, notification: __, ...rest } = entry;
  if (!entry.origin) return rest;
  const { metadata: ___, ...origin } = entry.origin;
  return { ...rest, origin };
}
