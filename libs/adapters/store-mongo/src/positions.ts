/**
 * Positions after a restore. A backup may hold a cursor or a membership that is newer than its log; left
 * there, what the log gets next would be passed over. Only while no service runs.
 */
import type { LogKey } from '@carillon/domain';
import type { Guard } from './guard.js';
import { newestOf } from './newest.js';
import type { Collections } from './schemas.js';

/** Rows per look for the logs there are. */
const rowsPerPage = 1_000;

type Positions = Pick<Collections, 'cursors' | 'members' | 'entries'>;

/** Lowers what lies above its log's head to the head, durable. Idempotent. @throws PortUnavailable */
export async function lowerPositions(collections: Positions, guard: Guard): Promise<void> {
  await lowerCursors(collections, guard);
  await lowerMembers(collections, guard);
}

async function lowerCursors({ cursors, entries }: Positions, guard: Guard): Promise<void> {
  for (let last = '' as LogKey; ; ) {
    const after = { log: { $gt: last } };
    const rows = await guard.call(() => cursors.find(after).sort({ log: 1 }).limit(rowsPerPage).toArray());
    const logs = [...new Set(rows.map((row) => row.log))];
    const newest = logs.at(-1);
    if (newest === undefined) return;
    const furthest = await newestOf(cursors, guard, logs);
    for (const [log, head] of await newestOf(entries, guard, logs)) {
      if ((furthest.get(log) ?? 0) <= head) continue;
      await guard.call(() => cursors.updateMany({ log, seq: { $gt: head } }, { $set: { seq: head } }));
    }
    last = newest;
  }
}

async function lowerMembers({ members, entries }: Positions, guard: Guard): Promise<void> {
  for (let last = '' as LogKey; ; ) {
    const after = { topic: { $gt: last } };
    const rows = await guard.call(() => members.find(after).sort({ topic: 1 }).limit(rowsPerPage).toArray());
    const topics = [...new Set(rows.map((row) => row.topic))];
    const newest = topics.at(-1);
    if (newest === undefined) return;
    for (const [topic, head] of await newestOf(entries, guard, topics)) {
      await guard.call(() => members.updateMany({ topic, head: { $gt: head } }, { $set: { head } }));
    }
    last = newest;
  }
}
