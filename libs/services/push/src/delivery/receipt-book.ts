/**
 * What the ledger has still to be told: receipts, cursors, devices, connections and what was read, written
 * together a few times a second. One write per connection and flush, whatever the message rate; of topics and
 * `all` far less often. What was only just sent waits one flush for its ack, so that most messages take one
 * row. Losing a flush costs a repeated message or a thinner answer, never a message.
 */
import {
  type ConnectionRecord,
  type DeviceKey,
  type ReceiptAddition,
  receiptId,
  type UserKey,
} from '@carillon/domain';
import {
  Clock,
  type CursorMove,
  Cursors,
  type DeviceSighting,
  Devices,
  PortError,
  Reads,
  Receipts,
  repeat,
  type Timer,
} from '@carillon/domain/ports';
import { limits } from '@carillon/wire';
import { Injectable } from '@nestjs/common';
import { PushOptions } from '../push-options.js';
import type { Pump, WaitingPump } from '../session/pump.js';

/** What a store that is away may leave waiting here; beyond it the oldest is dropped. */
const waitingMax = 20_000;
const writeMax = 1_000;
/** Pumps of topics and `all` that one flush takes, so that a crowd is not written in one moment. */
const lazyMax = 1_000;
/** They are due before their time is over: a crowd takes some flushes. */
const lazyShare = 0.7;
/** Calls at a time where a port takes one user each; of a user a few ids per flush, whatever a page sends. */
const readCallsMax = 20;

/** What a user has read, and when the first of it. */
interface UserReads {
  readonly ids: Set<string>;
  readonly at: number;
}

/** The store's side of the ledger. */
@Injectable()
export class LedgerPorts {
  constructor(
    readonly receipts: Receipts,
    readonly cursors: Cursors,
    readonly devices: Devices,
    readonly reads: Reads,
  ) {}
}

@Injectable()
export class ReceiptBook {
  private touched: WaitingPump[] = [];
  /** The same for logs that many follow, those that have waited longest first. */
  private lazy: WaitingPump[] = [];
  private additions: ReceiptAddition[] = [];
  private moves = new Map<string, CursorMove>();
  private connections = new Map<string, ConnectionRecord>();
  private sightings = new Map<DeviceKey, DeviceSighting>();
  private reads = new Map<UserKey, UserReads>();
  private timer: Timer | undefined;
  private tail: Promise<void> = Promise.resolve();

  constructor(
    private readonly ports: LedgerPorts,
    private readonly clock: Clock,
    private readonly options: PushOptions,
  ) {}

  start(): void {
    this.timer = repeat(
      this.clock,
      () => this.options.receiptsFlushMs,
      () => this.flushWhat((waiting) => this.isDue(waiting)),
    );
  }

  stop(): void {
    this.timer?.cancel();
  }

  /** The pump has something to tell, by the next flush that takes its kind. */
  touch(pump: Pump): void {
    pump.waiting = { pump, since: this.clock.monotonic() };
    (pump.isInbox ? this.touched : this.lazy).push(pump.waiting);
  }

  /** The session follows the log no longer: what there is to tell is told by the next flush. */
  leave(pump: Pump): void {
    if (!pump.waiting || pump.isInbox) return;
    pump.waiting.pump = undefined; // its place in the row must not keep the session alive
    pump.waiting = { pump, since: pump.waiting.since };
    this.touched.push(pump.waiting);
  }

  opened(connection: ConnectionRecord): void {
    this.closed(connection);
    const { device, openedAt, app } = connection;
    if (!device) return;
    keep(this.sightings, device, { device, at: openedAt, ...(app === undefined ? {} : { app }) });
  }

  closed(connection: ConnectionRecord): void {
    keep(this.connections, connection.id, connection);
  }

  read(user: UserKey, ids: readonly string[]): void {
    const known = this.reads.get(user);
    const reads = known ?? { ids: new Set<string>(), at: this.clock.now() };
    for (const id of ids) if (reads.ids.size < writeMax) reads.ids.add(id);
    if (!known) keep(this.reads, user, reads);
  }

  /** Writes all that has gathered. Never rejects: what could not be written waits for the next flush. */
  flush(): Promise<void> {
    return this.flushWhat(() => true);
  }

  private flushWhat(isDue: (waiting: WaitingPump) => boolean): Promise<void> {
    this.tail = this.tail.then(() => {
      this.gather(isDue);
      return this.write();
    });
    return this.tail;
  }

  /** An ack may come any moment, and then the row says both. */
  private isDue({ pump, since }: WaitingPump): boolean {
    return !pump?.isUnanswered || this.clock.monotonic() - since >= this.options.receiptsFlushMs;
  }

  private gather(isDue: (waiting: WaitingPump) => boolean): void {
    const touched = [...this.touched, ...this.takeLazy()];
    this.touched = [];
    const now = this.clock.now();
    for (const waiting of touched) {
      const { pump } = waiting;
      if (!pump) continue;
      if (!isDue(waiting)) {
        this.touched.push(waiting);
        continue;
      }
      pump.waiting = undefined;
      const { id, user, device } = pump.line;
      if (device && pump.settled >= 0) this.noteMove({ device, log: pump.log, seq: pump.settled });
      const news = pump.takeReceipt();
      if (!news) continue;
      this.additions.push({
        id: receiptId(id, pump.log, now),
        log: pump.log,
        user,
        ...(device ? { device } : {}),
        connection: id,
        node: this.options.node,
        ...news,
      });
    }
    if (this.additions.length > waitingMax) this.additions.splice(0, this.additions.length - waitingMax);
  }

  private takeLazy(): readonly WaitingPump[] {
    const due = this.clock.monotonic() - this.options.topicCursorsFlushMs * lazyShare;
    const young = this.lazy.findIndex(({ since }, at) => since > due || at === lazyMax);
    const taken = young < 0 ? this.lazy : this.lazy.slice(0, young);
    if (taken.length > 0) this.lazy = this.lazy.slice(taken.length);
    return taken;
  }

  /** One position per device and log, whatever the number of its sockets: it only ever rises. */
  private noteMove(move: CursorMove): void {
    const key = `${move.device}@${move.log}`;
    if (move.seq >= (this.moves.get(key)?.seq ?? 0)) keep(this.moves, key, move);
  }

  private async write(): Promise<void> {
    try {
      await Promise.all([this.writeReceipts(), this.writeCursors(), this.writeDevices(), this.writeReads()]);
    } catch (error) {
      if (!(error instanceof PortError)) throw error; // it waits for the next flush
    }
  }

  private async writeReceipts(): Promise<void> {
    while (this.additions.length > 0 || this.connections.size > 0) {
      const additions = this.additions.slice(0, writeMax);
      const connections = [...this.connections.values()].slice(0, writeMax);
      await this.ports.receipts.record(additions, connections);
      this.additions.splice(0, additions.length);
      for (const connection of connections) {
        if (this.connections.get(connection.id) === connection) this.connections.delete(connection.id);
      }
    }
  }

  private async writeCursors(): Promise<void> {
    while (this.moves.size > 0) {
      const batch = firstOf(this.moves);
      await this.ports.cursors.advance(batch.map(([, move]) => move));
      for (const [key, move] of batch) if (this.moves.get(key) === move) this.moves.delete(key);
    }
  }

  private async writeDevices(): Promise<void> {
    while (this.sightings.size > 0) {
      const batch = firstOf(this.sightings);
      await this.ports.devices.seen(
        batch.map(([, sighting]) => sighting),
        this.options.devicesPerUserMax,
      );
      for (const [key, sighting] of batch) {
        if (this.sightings.get(key) === sighting) this.sightings.delete(key);
      }
    }
  }

  private async writeReads(): Promise<void> {
    const waiting = [...this.reads];
    for (let at = 0; at < waiting.length; at += readCallsMax) {
      const batch = waiting.slice(at, at + readCallsMax);
      await Promise.all(
        batch.map(async ([user, reads]) => {
          const ids = [...reads.ids].slice(0, limits.readIdsMax);
          await this.ports.reads.note(user, ids, reads.at);
          for (const id of ids) reads.ids.delete(id);
          if (reads.ids.size === 0) this.reads.delete(user);
        }),
      );
    }
  }
}

/** Puts it last; the oldest makes room. */
function keep<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > waitingMax) map.delete(map.keys().next().value as K);
}

function firstOf<K, V>(map: ReadonlyMap<K, V>): [K, V][] {
  return [...map].slice(0, writeMax);
}
