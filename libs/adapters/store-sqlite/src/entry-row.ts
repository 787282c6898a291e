/** An entry as a row of the table `entries`, and back. Must give back exactly what was appended. */
import type { Draft, Entry, EntryId, LogKey, Mark } from '@carillon/domain';

/** A row with the columns of `entryColumns`. */
export interface EntryRow {
  readonly id: EntryId;
  readonly log: LogKey;
  readonly seq: number;
  readonly acceptedAt: number;
  readonly expiresAt: number;
  readonly event: string;
  readonly data: string | null;
  readonly notification: string | null;
  readonly collapseKey: string | null;
  readonly mark: Mark | null;
  readonly fingerprint: string | null;
  readonly recipients: number | null;
  readonly externalId: string | null;
  readonly metadata: string | null;
}

export const entryColumns = [
  ...['id', 'log', 'seq', 'acceptedAt', 'expiresAt', 'event', 'data', 'notification', 'collapseKey', 'mark'],
  ...['fingerprint', 'recipients', 'externalId', 'metadata'],
] as const;

/** The values of a new row, in the order of `entryColumns`. */
export function entryValues(draft: Draft, seq: number): (string | number | null)[] {
  const { fingerprint, recipients, externalId, metadata } = draft.origin ?? {};
  const values: Record<(typeof entryColumns)[number], string | number | null | undefined> = {
    ...draft,
    ...{ seq, mark: null, fingerprint, recipients, externalId, metadata },
    data: draft.data,
    notification: draft.notification,
    collapseKey: draft.collapseKey,
  };
  return entryColumns.map((column) => values[column] ?? null);
}

export function entryOfRow(row: EntryRow): Entry {
  return {
    id: row.id,
    log: row.log,
    seq: row.seq,
    acceptedAt: row.acceptedAt,
    expiresAt: row.expiresAt,
    event: row.event,
    ...present('data', row.data),
    ...present('notification', row.notification),
    ...present('collapseKey', row.collapseKey),
    ...present('mark', row.mark),
    ...originOf(row),
  };
}

function originOf(row: EntryRow): Pick<Entry, 'origin'> {
  if (row.fingerprint === null || row.recipients === null) return {};
  return {
    origin: {
      fingerprint: row.fingerprint,
      recipients: row.recipients,
      ...present('externalId', row.externalId),
      ...present('metadata', row.metadata),
    },
  };
}

function present<N extends string, V>(name: N, value: V | null): { readonly [K in N]?: V } {
  return value === null ? {} : ({ [name]: value } as { readonly [K in N]?: V });
}
