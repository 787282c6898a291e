/**
 * A store that fails when told to.
 * Must never break what its ports promise, nor change what the wrapped store holds.
 */
import {
  type Cursors,
  type Devices,
  type KeyRing,
  type LogKeeping,
  type Marks,
  type Members,
  PortUnavailable,
  type Reads,
  type Receipts,
  type Schedule,
  type Store,
  type StoreFacts,
} from '@carillon/domain/ports';
import { FaultyLog } from './faulty-log.js';

/** Wraps a store: `log` has faults of its own, all roles together can be made unavailable. */
export class FaultyStore implements Store {
  readonly log: FaultyLog;
  readonly keeping: LogKeeping;
  readonly marks: Marks;
  readonly cursors: Cursors;
  readonly devices: Devices;
  readonly receipts: Receipts;
  readonly reads: Reads;
  readonly members: Members;
  readonly schedule: Schedule;
  readonly keyRing: KeyRing;
  readonly facts: StoreFacts;

  constructor(private readonly store: Store) {
    this.log = new FaultyLog(store.log);
    this.keeping = this.guarded(store.keeping);
    this.marks = this.guarded(store.marks);
    this.cursors = this.guarded(store.cursors);
    this.devices = this.guarded(store.devices);
    this.receipts = this.guarded(store.receipts);
    this.reads = this.guarded(store.reads);
    this.members = this.guarded(store.members);
    this.schedule = this.guarded(store.schedule);
    this.keyRing = this.guarded(store.keyRing);
    this.facts = this.guarded(store.facts);
  }

  /** While true every call is a PortUnavailable and changes nothing; appends are unconfirmed. */
  get isAway(): boolean {
    return this.log.isAway;
  }

  set isAway(isAway: boolean) {
    this.log.isAway = isAway;
  }

  close(): Promise<void> {
    return this.store.close();
  }

  /** The role, whose methods ask before each call whether the store is away. */
  private guarded<Role extends object>(role: Role): Role {
    return new Proxy(role, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]): Promise<unknown> => {
          if (this.isAway) throw new PortUnavailable('the store is away');
          return Reflect.apply(member, target, args);
        };
      },
    });
  }
}
