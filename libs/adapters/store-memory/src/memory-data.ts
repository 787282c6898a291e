/** What a store holds, as plain maps. It outlives the stores opened on it, as a disk outlives processes. */
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
import { type Claim, type Membership, PortUnavailable, type ScheduledMessage } from '@carillon/domain/ports';

export interface Place {
  readonly log: LogKey;
  readonly seq: number;
}

/** A message for later, who may fire it while it is claimed, and when it ended. */
export interface Scheduled {
  readonly message: ScheduledMessage;
  readonly claim?: Claim;
  readonly endedAt?: number;
}

/** Shared by all stores opened on it; each of its maps belongs to one role. */
export class MemoryData {
  /** Entries of a log, ascending and dense; purge takes from the front. */
  readonly logs = new Map<LogKey, Entry[]>();
  /** Where the entries of each message are. */
  readonly messages = new Map<string, Map<EntryId, Place>>();
  readonly cursors = new Map<DeviceKey, Map<LogKey, number>>();
  /** The devices that have a cursor on a log. */
  readonly followers = new Map<LogKey, Set<DeviceKey>>();
  readonly devices = new Map<UserKey, Map<DeviceKey, Device>>();
  readonly receipts = new Map<LogKey, Map<string, Receipt>>();
  readonly connections = new Map<UserKey, Map<string, ConnectionRecord>>();
  /** When each user read which message. */
  readonly reads = new Map<UserKey, Map<string, number>>();
  /** Memberships of each user, by topic. */
  readonly members = new Map<UserKey, Map<LogKey, Membership>>();
  readonly scheduled = new Map<string, Scheduled>();
  readonly tenants = new Map<string, Tenant>();
  readonly signingKeys: SigningKey[] = [];
  readonly apiKeys = new Map<string, ApiKeyRecord>();

  /** `epoch`: another one than before tells that the data came from a backup. */
  constructor(public epoch: string) {}
}

/** One store's access to the data, until it is closed. */
export class MemoryAccess {
  private isClosed = false;

  constructor(private readonly held: MemoryData) {}

  get isOpen(): boolean {
    return !this.isClosed;
  }

  /** @throws PortUnavailable after `close`. */
  get data(): MemoryData {
    if (this.isClosed) throw new PortUnavailable('the store is closed');
    return this.held;
  }

  close(): void {
    this.isClosed = true;
  }
}
