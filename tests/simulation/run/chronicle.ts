/**
 * All that was ever committed in one epoch, and what may be concluded from it: which entry has a place, and
 * whether passing over it is legal. Must never be told anything that is not durable.
 */
import type { DeviceKey, Entry, LogKey, Mark, UserKey } from '@carillon/domain';

/** One membership from its beginning to its end. Times are the world's. */
export interface Spell {
  readonly topic: LogKey;
  readonly user: UserKey;
  readonly head: number;
  readonly from: number;
  to: number | undefined;
}

interface MarkAt {
  readonly mark: Mark;
  readonly at: number;
  /** The mark that a recall has taken the place of. */
  readonly replaced: Mark | undefined;
}

/** Where a device may be in a log, as its sockets said: anywhere between. */
export interface DeviceSpan {
  readonly least: number;
  readonly most: number;
}

export class Chronicle {
  epoch = 'epoch-1';
  /** As they were when they were committed. */
  readonly entries = new Map<LogKey, Map<number, Entry>>();
  readonly marks = new Map<LogKey, Map<number, MarkAt>>();
  /** Up to here purge or erasure has taken the log. */
  readonly purged = new Map<LogKey, number>();
  /** The furthest position that any device has settled. */
  readonly furthest = new Map<LogKey, number>();
  /** Which post is in which log: `<log> <n>`. */
  readonly placed = new Set<string>();
  readonly spells: Spell[] = [];
  /** Heads before the run began. */
  readonly pastHeads = new Map<LogKey, number>();
  readonly #devices = new Map<string, DeviceSpan>();
  readonly #heads = new Map<LogKey, number>();

  at(log: LogKey, seq: number): Entry | undefined {
    return this.entries.get(log)?.get(seq);
  }

  /** The newest place, 0 where there is none. */
  head(log: LogKey): number {
    return this.#heads.get(log) ?? 0;
  }

  add(row: Entry): void {
    const rows = this.entries.get(row.log) ?? new Map<number, Entry>();
    this.entries.set(row.log, rows.set(row.seq, row));
    this.#heads.set(row.log, Math.max(row.seq, this.head(row.log)));
    const n = numberOf(row);
    if (n !== undefined) this.placed.add(`${row.log} ${n}`);
  }

  markOf(log: LogKey, seq: number): MarkAt | undefined {
    return this.marks.get(log)?.get(seq);
  }

  /** Be it that it was recalled since: a page that was read before does not say so. */
  wasEmptied(log: LogKey, seq: number): boolean {
    const { mark, replaced } = this.markOf(log, seq) ?? {};
    return mark === 'emptied' || replaced === 'emptied';
  }

  mark(log: LogKey, seq: number, mark: MarkAt): void {
    const marks = this.marks.get(log) ?? new Map<number, MarkAt>();
    this.marks.set(log, marks.set(seq, mark));
  }

  note(log: LogKey, seq: number): void {
    this.furthest.set(log, Math.max(seq, this.furthest.get(log) ?? 0));
  }

  noteDevice(device: DeviceKey, log: LogKey, seq: number): void {
    const { least = seq, most = seq } = this.deviceAt(device, log) ?? {};
    this.#devices.set(`${device}@${log}`, { least: Math.min(least, seq), most: Math.max(most, seq) });
  }

  deviceAt(device: DeviceKey, log: LogKey): DeviceSpan | undefined {
    return this.#devices.get(`${device}@${log}`);
  }

  /** Whether one with the same collapse key came after this one. */
  hasNewer({ log, seq, collapseKey }: Entry): boolean {
    if (collapseKey === undefined) return false;
    for (const other of this.entries.get(log)?.values() ?? [])
      if (other.seq > seq && other.collapseKey === collapseKey) return true;
    return false;
  }

  /** Spells of this user in this topic that had not ended at that time. */
  spellsOf(topic: LogKey, user: UserKey, since: number): Spell[] {
    return this.spells.filter(
      (spell) => spell.topic === topic && spell.user === user && (spell.to ?? Infinity) >= since,
    );
  }
}

/** What the producer numbered it. */
export function numberOf({ data }: Pick<Entry, 'data'>): number | undefined {
  return data === undefined ? undefined : Number(data.slice(data.indexOf(':') + 1, -1));
}
