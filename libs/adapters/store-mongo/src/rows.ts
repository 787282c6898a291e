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

export interface EntryRow extends Omit<Entry, 'id'> {
  readonly _id: EntryId;
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

export interface ReceiptRow extends Omit<Receipt, 'id' | 'sent' | 'settled' | 'failed' | 'unhandled'> {
  readonly _id: string;
  /** Lowest and highest seq of all ranges, for look-ups. */
  readonly from: number;
  readonly to: number;
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

export function entryToRow(entry: Entry): EntryRow {
  const { id, ...rest } = entry;
  return { _id: id, ...rest };
}

export function entryFromRow(row: EntryRow): Entry {
  const { _id, ...rest } = row;
  return { id: _id, ...rest };
}
