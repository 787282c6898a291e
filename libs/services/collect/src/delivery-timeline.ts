/** What happened to one entry on its way to one user, in order of time. */
import { isoTime, type TimelineEvent } from '@carillon/api';
import { type ConnectionRecord, deviceName, type Entry, type Receipt } from '@carillon/domain';
import { type Settlement, settlementsOf } from './delivery-verdict.js';

export interface TimelineFacts {
  readonly entry: Entry;
  readonly now: number;
  readonly receipts: readonly Receipt[];
  readonly connections: readonly ConnectionRecord[];
  readonly readAt?: number | undefined;
}

/** Later ones are left out: the sentence and the devices say how it ended. */
const eventsMax = 200;

type Happening = Omit<TimelineEvent, 'at'> & { readonly at: number };

export function timelineOf({ entry, now, receipts, connections, readAt }: TimelineFacts): TimelineEvent[] {
  const { seq, acceptedAt, expiresAt } = entry;
  const all: Happening[] = [
    { at: acceptedAt, event: 'accepted', seq },
    ...receipts.flatMap((receipt) => sentEvents(receipt, seq)),
    ...settlementsOf(entry, receipts).map(settledEvent),
    ...connections.flatMap((connection) => connectionEvents(connection, acceptedAt)),
  ];
  if (readAt !== undefined) all.push({ at: readAt, event: 'read' });
  if (expiresAt <= now) all.push({ at: expiresAt, event: 'expired' });
  return all
    .toSorted((one, other) => one.at - other.at)
    .slice(0, eventsMax)
    .map(({ at, ...event }) => ({ at: isoTime(at), ...event }));
}

function sentEvents(receipt: Receipt, seq: number): Happening[] {
  return receipt.sent
    .filter(({ from, to }) => from <= seq && seq <= to)
    .map(({ at, way }) => ({ at, event: 'sent', ...placeOf(receipt), way }));
}

function settledEvent({ at, mishap, receipt }: Settlement): Happening {
  return { at, event: eventOf(mishap), ...placeOf(receipt) };
}

function placeOf({ connection, node, device }: Receipt) {
  return { connection, node, ...(device ? { device: deviceName(device) } : {}) };
}

function eventOf(mishap: Settlement['mishap']): TimelineEvent['event'] {
  if (mishap === 'handler_failed') return 'failed';
  return mishap ?? 'delivered';
}

function connectionEvents(record: ConnectionRecord, since: number): Happening[] {
  const { id, node, device, openedAt, closedAt, closeCode } = record;
  const where = { connection: id, node, ...(device ? { device: deviceName(device) } : {}) };
  const events: Happening[] = [];
  if (openedAt >= since) events.push({ at: openedAt, event: 'connected', ...where });
  if (closedAt !== undefined) {
    const code = closeCode === undefined ? {} : { closeCode };
    events.push({ at: closedAt, event: 'disconnected', ...where, ...code });
  }
  return events;
}
