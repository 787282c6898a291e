/**
 * The support answer: what became of a message for one user, with every device and what happened when. Only
 * reads; must never answer a tenant about another's message or user.
 */
import { type DeliveryAnswer, type DeviceDelivery, isoTime } from '@carillon/api';
import {
  type ConnectionRecord,
  type Device,
  deviceName,
  type Entry,
  isUserLog,
  type Receipt,
  type UserKey,
  userKey,
} from '@carillon/domain';
import { Clock, Cursors, Devices, Reads, Receipts } from '@carillon/domain/ports';
import { Problem } from '@carillon/platform';
import { isName } from '@carillon/wire';
import { Injectable } from '@nestjs/common';
import { Addressees } from './addressees.js';
import { summaryOf } from './delivery-summary.js';
import { timelineOf } from './delivery-timeline.js';
import { furthest, receiptsByDevice, type Verdict, verdictOf } from './delivery-verdict.js';
import type { MessageRef } from './ledger.js';

/** Look-ups of one answer that are under way at once. */
const lookupsMax = 16;
const connectionsMax = 200;
/**
 * Beyond the heartbeat's and the acknowledgement's time-outs: a connection of which nothing is heard is dead.
 */
const silentMs = 60_000;

/** Who follows a topic without a lasting device is written down within a minute. */
const unknown =
  'No message with this id went to this user; of a topic this is known a minute after it was delivered.';

@Injectable()
export class DeliveryAnswers {
  constructor(
    private readonly addressees: Addressees,
    private readonly receipts: Receipts,
    private readonly devices: Devices,
    private readonly cursors: Cursors,
    private readonly reads: Reads,
    private readonly clock: Clock,
  ) {}

  /** @throws Problem not_found */
  async answer({ tenant, id }: MessageRef, user: string): Promise<DeliveryAnswer> {
    const key = isName(user) ? userKey(tenant, user) : undefined;
    const entry = key && (await this.addressees.entryFor(id, key));
    if (!key || !entry) throw new Problem('not_found', unknown);
    const [devices, receipts, connections, reads] = await Promise.all([
      this.devices.ofUser(key),
      this.receipts.ofEntry(entry.log, entry.seq, key),
      this.receipts.connectionsOf(key, entry.acceptedAt, connectionsMax),
      this.reads.ofMessage(id, [key]),
    ]);
    const now = this.clock.now();
    const facts = { entry, now, receipts, connections, user: key, readAt: reads.get(key) };
    const known = await eachOf(devices, (device) => this.ofDevice(device, facts));
    const all = [...known.flatMap((each) => each ?? []), ...ofNoDevice(facts)];
    const verdicts = all.map(({ verdict }) => verdict);
    const overall = furthest(verdicts) ?? ofNobody(facts, devices.length > 0);
    const { event, acceptedAt, expiresAt } = entry;
    return {
      summary: summaryOf({ messageId: id, event, user, acceptedAt, overall, verdicts, readAt: facts.readAt }),
      message: id,
      user,
      event,
      status: overall.status,
      ...(overall.reason === undefined ? {} : { reason: overall.reason }),
      acceptedAt: isoTime(acceptedAt),
      expiresAt: isoTime(expiresAt),
      ...(facts.readAt === undefined ? {} : { readAt: isoTime(facts.readAt) }),
      devices: all.map(({ shown }) => shown),
      timeline: timelineOf(facts),
    };
  }

  /** Undefined for a device that was never meant to get it. */
  private async ofDevice(device: Device, facts: UserFacts): Promise<Judged | undefined> {
    const { entry, now } = facts;
    const receipts = facts.receipts.filter((each) => each.device === device.key);
    const known = (await this.cursors.load(device.key, [entry.log])).get(entry.log);
    if (receipts.length === 0 && wasNeverMeant(device, facts, known)) return undefined;
    const position = known ?? 0;
    const isPast = position >= entry.seq;
    const connection = newest(facts.connections.filter((each) => each.device === device.key));
    const isConnected = connection !== undefined && (await this.isAlive(connection, position, facts));
    const verdict = verdictOf({
      entry,
      now,
      receipts,
      isPast,
      isConnected,
      ...(connection ? { connection } : {}),
    });
    const app = device.app === undefined ? {} : { app: device.app };
    return { verdict, shown: { device: deviceName(device.key), ...app, ...shownOf(verdict) } };
  }

  /**
   * A node that died wrote no end of its connections; one that works settles something, or had no time yet.
   */
  private async isAlive(connection: ConnectionRecord, position: number, facts: UserFacts): Promise<boolean> {
    if (connection.closedAt !== undefined) return false;
    if (isRecent(connection, facts)) return true;
    const { entry, user, now } = facts;
    if (position === 0) return false;
    const rows = await this.receipts.ofEntry(entry.log, position, user);
    return rows.some(
      ({ connection: id, settled }) =>
        id === connection.id && settled.some(({ to, at }) => to >= position && now - at < silentMs),
    );
  }
}

interface UserFacts {
  readonly readAt: number | undefined;
  readonly entry: Entry;
  readonly user: UserKey;
  readonly now: number;
  readonly receipts: readonly Receipt[];
  readonly connections: readonly ConnectionRecord[];
}

interface Judged {
  readonly verdict: Verdict;
  readonly shown: DeviceDelivery;
}

/** It does not follow this topic, or came when the entry was past already. */
function wasNeverMeant({ firstSeenAt }: Device, { entry }: UserFacts, position: number | undefined): boolean {
  if (position === undefined) return !isUserLog(entry.log);
  return position >= entry.seq && firstSeenAt > entry.acceptedAt;
}

/** Connections that named no device: listed where they were given the entry, or may still be. */
function ofNoDevice(facts: UserFacts): Judged[] {
  const { entry, now } = facts;
  const byConnection = new Map(
    [...receiptsByDevice(facts.receipts)].filter(([, [row]]) => row && !row.device),
  );
  for (const { id, device, closedAt } of facts.connections) {
    if (!device && closedAt === undefined && !byConnection.has(id)) byConnection.set(id, []);
  }
  return [...byConnection].flatMap(([id, receipts]) => {
    const connection = facts.connections.find((each) => each.id === id);
    const isConnected =
      connection !== undefined && connection.closedAt === undefined && isRecent(connection, facts);
    if (receipts.length === 0 && !isConnected) return [];
    const verdict = verdictOf({
      entry,
      now,
      receipts,
      isPast: false,
      isConnected,
      ...(connection ? { connection } : {}),
    });
    const app = connection?.app === undefined ? {} : { app: connection.app };
    const node = connection === undefined ? {} : { node: connection.node };
    return [{ verdict, shown: { connection: id, ...node, ...app, ...shownOf(verdict) } }];
  });
}

/** Nobody was or is there to be given it. */
function ofNobody({ entry, now, connections }: UserFacts, hasDevices: boolean): Verdict {
  const verdict = verdictOf({ entry, now, receipts: [], isPast: false, isConnected: false });
  if (verdict.status !== 'queued' || hasDevices || connections.length > 0) return verdict;
  return { ...verdict, reason: 'no_devices' };
}

/** Too young for silence to mean anything. */
function isRecent({ openedAt }: ConnectionRecord, { entry, now, receipts }: UserFacts): boolean {
  const sent = receipts.flatMap((each) => each.sent.map(({ at }) => at));
  return now - Math.max(openedAt, entry.acceptedAt, ...sent) < silentMs;
}

function newest(connections: readonly ConnectionRecord[]): ConnectionRecord | undefined {
  return connections.find(({ closedAt }) => closedAt === undefined) ?? connections[0];
}

function shownOf({ status, reason, sentAt, settledAt, connection, node, way }: Verdict): DeviceDelivery {
  return {
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(connection === undefined ? {} : { connection }),
    ...(node === undefined ? {} : { node }),
    ...(sentAt === undefined ? {} : { sentAt: isoTime(sentAt) }),
    ...(status === 'delivered' && settledAt !== undefined ? { deliveredAt: isoTime(settledAt) } : {}),
    ...(way === undefined ? {} : { way }),
  };
}

/** Results in order, a few look-ups at a time. */
async function eachOf<T, R>(items: readonly T[], look: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await look(items[at] as T);
  };
  await Promise.all(Array.from({ length: Math.min(lookupsMax, items.length) }, lane));
  return results;
}
