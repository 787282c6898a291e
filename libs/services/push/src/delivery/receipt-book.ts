/**
 * What the ledger has still to be told: receipts, cursors, devices and connections, written together a few
 * times a second. One write per connection and flush, whatever the message rate. Losing a flush costs a
 * repeated message or a thinner answer, never a message.
 */
import { type ConnectionRecord, type DeviceKey, type ReceiptAddition, receiptId } from '@carillon/domain';
import {
  Clock,
  type CursorMove,
  Cursors,
  type DeviceSighting,
  Devices,
  PortError,
  Receipts,
  repeat,
  type Timer,
} from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { PushOptions } from '../push-options.js';
import type { Pump } from '../session/pump.js';
import type { Session } from '../session/session.js';

/** What a store that is away may leave waiting here; beyond it the oldest is dropped. */
const waitingMax = 20_000;
const writeMax = 1_000;

@Injectable()
export class ReceiptBook {
  private touched = new Map<Pump, Session>();
  private additions: ReceiptAddition[] = [];
  private moves = new Map<string, CursorMove>();
  private connections = new Map<string, ConnectionRecord>();
  private sightings = new Map<DeviceKey, DeviceSighting>();
  private timer: Timer | undefined;
  private tail: Promise<void> = Promise.resolve();

  constructor(
    private readonly receipts: Receipts,
    private readonly cursors: Cursors,
    private readonly devices: Devices,
    private readonly clock: Clock,
    private readonly options: PushOptions,
  ) {}

  start(): void {
    this.timer = repeat(
      this.clock,
      () => this.options.receiptsFlushMs,
      () => this.flush(),
    );
  }

  stop(): void {
    this.timer?.cancel();
  }

  touch(session: Session, pump: Pump): void {
    this.touched.set(pump, session);
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

  /** Writes all that has gathered. Never rejects: what could not be written waits for the next flush. */
  flush(): Promise<void> {
    this.tail = this.tail.then(() => {
      this.gather();
      return this.write();
    });
    return this.tail;
  }

  private gather(): void {
    const touched = this.touched;
    this.touched = new Map();
    const now = this.clock.now();
    for (const [pump, session] of touched) {
      const { device } = session;
      if (device && pump.settled >= 0) {
        this.noteMove({ device, log: pump.log, seq: pump.settled });
      }
      const news = pump.receipt.take();
      if (!news) continue;
      this.additions.push({
        id: receiptId(session.id, pump.log, now),
        log: pump.log,
        user: session.user,
        ...(device ? { device } : {}),
        connection: session.id,
        node: this.options.node,
        ...news,
      });
    }
    if (this.additions.length > waitingMax) this.additions.splice(0, this.additions.length - waitingMax);
  }

  /** One position per device and log, whatever the number of its sockets: it only ever rises. */
  private noteMove(move: CursorMove): void {
    const key = `${move.device}@${move.log}`;
    if (move.seq >= (this.moves.get(key)?.seq ?? 0)) keep(this.moves, key, move);
  }

  private async write(): Promise<void> {
    try {
      await Promise.all([this.writeReceipts(), this.writeCursors(), this.writeDevices()]);
    } catch (error) {
      if (!(error instanceof PortError)) throw error; // it waits for the next flush
    }
  }

  private async writeReceipts(): Promise<void> {
    while (this.additions.length > 0 || this.connections.size > 0) {
      const additions = this.additions.slice(0, writeMax);
      const connections = [...this.connections.values()].slice(0, writeMax);
      await this.receipts.record(additions, connections);
      this.additions.splice(0, additions.length);
      for (const connection of connections) {
        if (this.connections.get(connection.id) === connection) this.connections.delete(connection.id);
      }
    }
  }

  private async writeCursors(): Promise<void> {
    while (this.moves.size > 0) {
      const batch = [...this.moves].slice(0, writeMax);
      await this.cursors.advance(batch.map(([, move]) => move));
      for (const [key, move] of batch) if (this.moves.get(key) === move) this.moves.delete(key);
    }
  }

  private async writeDevices(): Promise<void> {
    while (this.sightings.size > 0) {
      const batch = [...this.sightings].slice(0, writeMax);
      await this.devices.seen(
        batch.map(([, sighting]) => sighting),
        this.options.devicesPerUserMax,
      );
      for (const [key, sighting] of batch) {
        if (this.sightings.get(key) === sighting) this.sightings.delete(key);
      }
    }
  }
}

/** Puts it last; the oldest makes room. */
function keep<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > waitingMax) map.delete(map.keys().next().value as K);
}
