/**
 * What a store holds at one point of its oplog: entries by log and id, cursors, and the documents of the
 * small collections. Decides nothing.
 */
import {
  type DeviceKey,
  deviceUser,
  type Entry,
  type EntryId,
  type LogKey,
  type UserKey,
} from '@carillon/domain';

/** Collections whose documents are kept as they are. */
export type Collection = 'scheduled' | 'members' | 'reads';

/** A document of one of them. */
export interface Doc {
  readonly _id: string;
  readonly [field: string]: unknown;
}

export type Operation =
  | { readonly kind: 'insert'; readonly row: Entry }
  | { readonly kind: 'remove'; readonly id: EntryId }
  | { readonly kind: 'replace'; readonly row: Entry }
  | { readonly kind: 'cursor'; readonly device: DeviceKey; readonly log: LogKey; readonly seq: number }
  /** The cursors of all devices of the user go. */
  | { readonly kind: 'forget'; readonly user: UserKey }
  | { readonly kind: 'put'; readonly of: Collection; readonly doc: Doc }
  | { readonly kind: 'drop'; readonly of: Collection; readonly id: string }
  /** A new epoch begins; no position lies above its log's head any more. */
  | { readonly kind: 'epoch'; readonly epoch: string };

export class View {
  /** Ascending by seq. */
  readonly logs = new Map<LogKey, Entry[]>();
  readonly ids = new Map<EntryId, Entry>();
  readonly cursors = new Map<LogKey, Map<DeviceKey, number>>();
  readonly docs: Record<Collection, Map<string, Doc>> = {
    scheduled: new Map(),
    members: new Map(),
    reads: new Map(),
  };
  epoch = 'epoch-1';

  clone(): View {
    const copy = new View();
    for (const [log, rows] of this.logs) copy.logs.set(log, [...rows]);
    for (const [id, row] of this.ids) copy.ids.set(id, row);
    for (const [log, cursors] of this.cursors) copy.cursors.set(log, new Map(cursors));
    for (const name of collections) copy.docs[name] = new Map(this.docs[name]);
    copy.epoch = this.epoch;
    return copy;
  }

  /** Whether the row breaks one of the two unique indexes. */
  refuses(row: Entry): boolean {
    return this.ids.has(row.id) || this.at(row.log, row.seq) !== undefined;
  }

  at(log: LogKey, seq: number): Entry | undefined {
    const rows = this.logs.get(log) ?? [];
    const at = firstAfter(rows, seq - 1);
    return rows[at]?.seq === seq ? rows[at] : undefined;
  }

  newest(log: LogKey): number {
    return this.logs.get(log)?.at(-1)?.seq ?? 0;
  }

  after(log: LogKey, seq: number, limit: number): Entry[] {
    const rows = this.logs.get(log) ?? [];
    const from = firstAfter(rows, seq);
    return rows.slice(from, from + limit);
  }

  apply(operation: Operation): void {
    switch (operation.kind) {
      case 'insert':
        this.#insert(operation.row);
        break;
      case 'remove':
        this.#remove(operation.id);
        break;
      case 'replace':
        this.#replace(operation.row);
        break;
      case 'put':
        this.docs[operation.of].set(operation.doc._id, operation.doc);
        break;
      case 'drop':
        this.docs[operation.of].delete(operation.id);
        break;
      default:
        this.#place(operation);
    }
  }

  #place(operation: Extract<Operation, { kind: 'cursor' | 'forget' | 'epoch' }>): void {
    if (operation.kind === 'cursor') this.#raise(operation.log, operation.device, operation.seq);
    else if (operation.kind === 'forget') this.#forget(operation.user);
    else this.#begin(operation.epoch);
  }

  #insert(row: Entry): void {
    const rows = this.logs.get(row.log) ?? [];
    rows.splice(firstAfter(rows, row.seq), 0, row);
    this.logs.set(row.log, rows);
    this.ids.set(row.id, row);
  }

  #remove(id: EntryId): void {
    const row = this.ids.get(id);
    if (!row) return;
    this.ids.delete(id);
    const rows = this.logs.get(row.log) as Entry[];
    rows.splice(rows.indexOf(row), 1);
  }

  #replace(row: Entry): void {
    const old = this.ids.get(row.id);
    if (!old) return;
    const rows = this.logs.get(row.log) as Entry[];
    rows[rows.indexOf(old)] = row;
    this.ids.set(row.id, row);
  }

  #raise(log: LogKey, device: DeviceKey, seq: number): void {
    const cursors = this.cursors.get(log) ?? new Map<DeviceKey, number>();
    this.cursors.set(log, cursors.set(device, Math.max(seq, cursors.get(device) ?? 0)));
  }

  #forget(user: UserKey): void {
    for (const cursors of this.cursors.values()) {
      for (const device of [...cursors.keys()]) if (deviceUser(device) === user) cursors.delete(device);
    }
  }

  #begin(epoch: string): void {
    this.epoch = epoch;
    for (const [log, cursors] of this.cursors) {
      for (const [device, seq] of cursors) cursors.set(device, Math.min(seq, this.newest(log)));
    }
    for (const [id, doc] of this.docs.members) {
      const head = Math.min(doc.head as number, this.newest(doc.topic as LogKey));
      this.docs.members.set(id, { ...doc, head });
    }
  }
}

const collections = ['scheduled', 'members', 'reads'] as const;

function firstAfter(rows: readonly Entry[], seq: number): number {
  let at = rows.length;
  while (at > 0 && (rows[at - 1] as Entry).seq > seq) at -= 1;
  return at;
}
