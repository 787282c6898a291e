/**
 * Logs as arrays. One thread and no await inside a step:
 * every call is atomic, which is more than the port asks.
 */
import { type Draft, type Entry, type EntryId, type LogKey, messageIdOf } from '@carillon/domain';
import { type Appended, type LogPlace, MessageLog } from '@carillon/domain/ports';
import type { MemoryAccess, MemoryData } from './memory-data.js';

/** MessageLog over maps; after `close` an append is `unconfirmed`. */
export class MemoryLog extends MessageLog {
  constructor(private readonly access: MemoryAccess) {
    super();
  }

  override async append(drafts: readonly Draft[]): Promise<readonly Appended[]> {
    if (!this.access.isOpen) return drafts.map(() => ({ outcome: 'unconfirmed' }));
    const { data } = this.access;
    return drafts.map((draft) => {
      const stored = entryById(data, draft.id);
      return stored
        ? { outcome: 'present', entry: stored }
        : { outcome: 'appended', entry: appendOne(data, draft) };
    });
  }

  override async read(log: LogKey, after: number, limit: number): Promise<readonly Entry[]> {
    const entries = this.access.data.logs.get(log) ?? [];
    const start = Math.max(0, after + 1 - (entries[0]?.seq ?? 1));
    return entries.slice(start, start + limit);
  }

  override readMany(places: readonly LogPlace[], limit: number): Promise<readonly (readonly Entry[])[]> {
    return Promise.all(places.map(({ log, after }) => this.read(log, after, limit)));
  }

  override async heads(logs: readonly LogKey[]): Promise<ReadonlyMap<LogKey, number>> {
    const { data } = this.access;
    return new Map(logs.map((log) => [log, headOf(data, log)]));
  }

  override async ofMessage(messageId: string): Promise<readonly Entry[]> {
    const { data } = this.access;
    const ids = [...(data.messages.get(messageId)?.keys() ?? [])].sort(byCodeUnits);
    return ids.flatMap((id) => entryById(data, id) ?? []);
  }

  override async entryOf(messageId: string, log: LogKey): Promise<Entry | undefined> {
    const { data } = this.access;
    const first = entryById(data, messageId);
    return first?.log === log ? first : entryById(data, `${messageId}@${log}`);
  }
}

/** The newest seq of the log, 0 where there is none. */
export function headOf(data: MemoryData, log: LogKey): number {
  return data.logs.get(log)?.at(-1)?.seq ?? 0;
}

/** Plain order of code units: an id precedes all ids that begin with it. */
export function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function entryById(data: MemoryData, id: EntryId): Entry | undefined {
  const place = data.messages.get(messageIdOf(id))?.get(id);
  if (!place) return undefined;
  const entries = data.logs.get(place.log) ?? [];
  return entries[place.seq - (entries[0]?.seq ?? 1)];
}

function appendOne(data: MemoryData, draft: Draft): Entry {
  const entry = { ...draft, seq: headOf(data, draft.log) + 1 };
  const entries = data.logs.get(entry.log);
  if (entries) entries.push(entry);
  else data.logs.set(entry.log, [entry]);
  const messageId = messageIdOf(entry.id);
  const places = data.messages.get(messageId) ?? new Map();
  data.messages.set(messageId, places.set(entry.id, { log: entry.log, seq: entry.seq }));
  return entry;
}
