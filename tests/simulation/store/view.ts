/** What a store holds at one point of its oplog: entries by log and id, and cursors. Decides nothing. */
import type { DeviceKey, Entry, EntryId, LogKey, Mark } from '@carillon/domain';

export type Operation =
  | { readonly kind: 'insert'; readonly row: Entry }
  | { readonly kind: 'remove'; readonly id: EntryId }
  | { readonly kind: 'mark'; readonly log: LogKey; readonly seqs: readonly number[]; readonly mark: Mark }
  | { readonly kind: 'cursor'; readonly device: DeviceKey; readonly log: LogKey; readonly seq: number };

export class View {
  /** Ascending by seq. */
  readonly logs = new Map<LogKey, Entry[]>();
  readonly ids = new Map<EntryId, Entry>();
  readonly cursors = new Map<LogKey, Map<DeviceKey, number>>();

  clone(): View {
    const copy = new View();
    for (const [log, rows] of this.logs) copy.logs.set(log, [...rows]);
    for (const [id, row] of this.ids) copy.ids.set(id, row);
    for (const [log, cursors] of this.cursors) copy.cursors.set(log, new Map(cursors));
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
      case 'mark':
        for (const seq of operation.seqs) this.#mark(operation.log, seq, operation.mark);
        break;
      case 'cursor':
        this.#raise(operation.log, operation.device, operation.seq);
    }
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

  #mark(log: LogKey, seq: number, mark: Mark): void {
    const row = this.at(log, seq);
    if (!row) return;
    const { data: _, notification: __, ...rest } = row;
    const marked: Entry = mark === 'superseded' ? { ...row, mark } : { ...rest, mark };
    const rows = this.logs.get(log) as Entry[];
    rows[rows.indexOf(row)] = marked;
    this.ids.set(row.id, marked);
  }

  #raise(log: LogKey, device: DeviceKey, seq: number): void {
    const cursors = this.cursors.get(log) ?? new Map<DeviceKey, number>();
    this.cursors.set(log, cursors.set(device, Math.max(seq, cursors.get(device) ?? 0)));
  }
}

function firstAfter(rows: readonly Entry[], seq: number): number {
  let at = rows.length;
  while (at > 0 && (rows[at - 1] as Entry).seq > seq) at -= 1;
  return at;
}
