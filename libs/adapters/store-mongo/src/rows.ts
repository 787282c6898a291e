/**
 * Documents as they lie in MongoDB, and their way to and from the domain. What producers and users wrote is
 * text in them, never a field's name.
 */
import type {
  ApiKeyRecord,
  ConnectionRecord,
  Device,
  DeviceKey,
  Entry,
  EntryId,
  LogKey,
  Receipt,
  SigningKey,
  Tenant,
  UserKey,
} from '@carillon/domain';
import type { Membership, ScheduledMessage } from '@carillon/domain/ports';

export interface EntryRow extends Omit<Entry, 'id' | 'data'> {
  readonly _id: EntryId;
  /** Null where there is content but no data: the index of what is to be emptied goes by this field alone. */
  readonly data?: string | null;
}

export interface CursorRow {
  /** `<device>@<log>` */
  readonly _id: string;
  readonly log: LogKey;
  readonly seq: number;
}

export interface DeviceRow extends Omit<Device, 'key'> {
  readonly _id: DeviceKey;
  readonly user: UserKey;
}

/** One addition to a receipt: what a flush had to tell. Lists that are empty are absent. */
export interface ReceiptRow extends Omit<Receipt, 'id' | 'sent' | 'settled' | 'failed' | 'unhandled'> {
  /** `<receipt>#<24 hexadecimal digits>`, rising within a process. */
  readonly _id: string;
  /** Lowest and highest seq of it all, for look-ups; absent where there is none. */
  readonly from?: number;
  readonly to?: number;
  /** From lowest to highest it is too far for the look-up by `to`. */
  readonly isWide?: true;
  readonly createdAt: Date;
  readonly sent?: Receipt['sent'];
  readonly settled?: Receipt['settled'];
  readonly failed?: Receipt['failed'];
  readonly unhandled?: Receipt['unhandled'];
}

export interface ConnectionRow extends Omit<ConnectionRecord, 'id'> {
  readonly _id: string;
  readonly writtenAt: Date;
}

export interface MemberRow extends Membership {}

export interface ReadRow {
  /** `<user>@<message>` */
  readonly _id: string;
  readonly user: UserKey;
  readonly at: Date;
}

export interface ScheduledRow extends Omit<ScheduledMessage, 'id'> {
  readonly _id: string;
  readonly claimedBy?: string;
  readonly claimedUntil?: number;
  /** When it was fired or cancelled; it vanishes a while after. */
  readonly endedAt?: Date;
}

export interface MetaRow {
  readonly _id: string;
  readonly value: string;
}

export interface TenantRow extends Omit<Tenant, 'id'> {
  readonly _id: string;
}

/** `publicJwk` is JSON text. Generations are unique, so of several first keys one is stored. */
export interface SigningKeyRow extends Omit<SigningKey, 'kid' | 'publicJwk'> {
  readonly _id: string;
  readonly generation: number;
  readonly publicJwk: string;
}

export interface ApiKeyRow extends Omit<ApiKeyRecord, 'id'> {
  readonly _id: string;
}

/** The `_id` of a device's position on a log. */
export function cursorId(device: DeviceKey, log: LogKey): string {
  return `${device}@${log}`;
}

/** The `_id` of a user's reading of a message. A message's id has no "@". */
export function readId(user: UserKey, messageId: string): string {
  return `${user}@${messageId}`;
}

export function entryToRow(entry: Entry): EntryRow {
  const { id, ...rest } = entry;
  const hasOther = rest.notification !== undefined || rest.origin?.metadata !== undefined;
  if (rest.data === undefined && hasOther) return { _id: id, ...rest, data: null };
  return { _id: id, ...rest };
}

export function entryFromRow(row: EntryRow): Entry {
  const { _id, data, ...rest } = row;
  return data === undefined || data === null ? { id: _id, ...rest } : { id: _id, ...rest, data };
}
