/** Receipts in memory. Nothing grows old: for tests and short runs. */
import {
  type ConnectionRecord,
  type LogKey,
  type Receipt,
  type ReceiptAddition,
  receiptSums,
  type UserKey,
} from '@carillon/domain';
import { type ReceiptPlace, Receipts } from '@carillon/domain/ports';
import type { MemoryAccess } from './memory-data.js';

/** Receipts over maps. */
export class MemoryReceipts extends Receipts {
  constructor(private readonly access: MemoryAccess) {
    super();
  }

  override async record(
    additions: readonly ReceiptAddition[],
    connections: readonly ConnectionRecord[],
  ): Promise<void> {
    const { data } = this.access;
    for (const addition of additions) {
      const rows = data.receipts.get(addition.log) ?? new Map<string, Receipt>();
      const known = rows.get(addition.id);
      const [sum = addition] = receiptSums(known ? [known, addition] : [addition]);
      data.receipts.set(addition.log, rows.set(addition.id, sum));
    }
    for (const connection of connections) {
      const known = data.connections.get(connection.user) ?? new Map<string, ConnectionRecord>();
      data.connections.set(connection.user, known.set(connection.id, { ...connection }));
    }
  }

  override async ofEntry(log: LogKey, seq: number, user: UserKey): Promise<readonly Receipt[]> {
    const rows = [...(this.access.data.receipts.get(log)?.values() ?? [])];
    return rows.filter(
      (row) =>
        row.user === user && [...row.sent, ...row.settled].some((each) => each.from <= seq && seq <= each.to),
    );
  }

  override ofEntries(places: readonly ReceiptPlace[]): Promise<readonly (readonly Receipt[])[]> {
    return Promise.all(places.map(({ log, seq, user }) => this.ofEntry(log, seq, user)));
  }

  override async forget(user: UserKey): Promise<void> {
    const { data } = this.access;
    for (const rows of data.receipts.values()) {
      for (const row of rows.values()) if (row.user === user) rows.delete(row.id);
    }
    data.connections.delete(user);
  }

  override async connectionsOf(
    user: UserKey,
    since: number,
    limit: number,
  ): Promise<readonly ConnectionRecord[]> {
    return [...(this.access.data.connections.get(user)?.values() ?? [])]
      .filter((each) => each.closedAt === undefined || each.closedAt > since)
      .sort((a, b) => b.openedAt - a.openedAt)
      .slice(0, limit);
  }
}
