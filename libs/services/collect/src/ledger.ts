/**
 * Answers what became of a message, from the log, the receipts, the devices and their positions. Only reads;
 * must never answer a tenant about another's message.
 */
import {
  type DeliveryAnswer,
  type DeliveryStatusName,
  type DeviceDelivery,
  deliveryStatus,
  isoTime,
  type MessageAnswer,
  type MessageStatusName,
  messageIdPattern,
  messageLinks,
} from '@carillon/api';
import {
  type ConnectionRecord,
  type Device,
  deviceName,
  type Entry,
  logUser,
  type Receipt,
  tenantOf,
  type UserKey,
  userKey,
  userLog,
} from '@carillon/domain';
import { Clock, Cursors, Devices, MessageLog, Receipts } from '@carillon/domain/ports';
import { Problem } from '@carillon/platform';
import { isName } from '@carillon/wire';
import { Injectable } from '@nestjs/common';
import { summaryOf } from './delivery-summary.js';
import { timelineOf } from './delivery-timeline.js';
import { furthest, settlementsOf, type Verdict, verdictOf } from './delivery-verdict.js';

/** Whose message, and which. */
export interface MessageRef {
  readonly tenant: string;
  readonly id: string;
}

/** Look-ups of one answer that are under way at once. */
const lookupsMax = 16;
const connectionsMax = 200;
/**
 * Beyond the heartbeat's and the acknowledgement's time-outs: a connection of which nothing is heard is dead.
 */
const silentMs = 60_000;

@Injectable()
export class Ledger {
  constructor(
    private readonly log: MessageLog,
    private readonly receipts: Receipts,
    private readonly devices: Devices,
    private readonly cursors: Cursors,
    private readonly clock: Clock,
  ) {}

  /** @throws Problem not_found */
  async message({ tenant, id }: MessageRef): Promise<MessageAnswer> {
    const entries = messageIdPattern.test(id) ? await this.log.ofMessage(id) : [];
    const [first] = entries;
    if (!first || tenantOf(first.log) !== tenant)
      throw new Problem('not_found', 'There is no message with this id.');
    const { event, acceptedAt, expiresAt, origin } = first;
    const counts = await this.countsOf(entries);
    return {
      id,
      event,
      status: this.statusOf(first, counts),
      recipients: origin?.recipients ?? entries.length,
      counts,
      acceptedAt: isoTime(acceptedAt),
      expiresAt: isoTime(expiresAt),
      ...(origin?.externalId === undefined ? {} : { externalId: origin.externalId }),
      ...(origin?.metadata === undefined
        ? {}
        : { metadata: JSON.parse(origin.metadata) as Record<string, string> }),
      links: messageLinks(id),
    };
  }

  /** The support answer. @throws Problem not_found */
  async delivery({ tenant, id }: MessageRef, user: string): Promise<DeliveryAnswer> {
    const key = isName(user) ? userKey(tenant, user) : undefined;
    const entry = key && messageIdPattern.test(id) ? await this.log.entryOf(id, userLog(key)) : undefined;
    if (!key || !entry) throw new Problem('not_found', 'No message with this id went to this user.');
    const [devices, receipts, connections] = await Promise.all([
      this.devices.ofUser(key),
      this.receipts.ofEntry(entry.log, entry.seq, key),
      this.receipts.connectionsOf(key, entry.acceptedAt, connectionsMax),
    ]);
    const now = this.clock.now();
    const facts = { entry, now, receipts, connections, user: key };
    const known = await eachOf(devices, (device) => this.ofDevice(device, facts));
    const all = [...known.flatMap((each) => each ?? []), ...ofNoDevice(facts)];
    const overall = furthest(all.map(({ verdict }) => verdict)) ?? ofNobody(facts, devices.length > 0);
    const { event, acceptedAt, expiresAt } = entry;
    const verdicts = all.map(({ verdict }) => verdict);
    return {
      summary: summaryOf({ messageId: id, event, user, acceptedAt, overall, verdicts }),
      message: id,
      user,
      event,
      status: overall.status,
      ...(overall.reason === undefined ? {} : { reason: overall.reason }),
      acceptedAt: isoTime(acceptedAt),
      expiresAt: isoTime(expiresAt),
      devices: all.map(({ shown }) => shown),
      timeline: timelineOf(facts),
    };
  }

  private async countsOf(entries: readonly Entry[]): Promise<Record<DeliveryStatusName, number>> {
    const now = this.clock.now();
    const positions = await this.cursors.furthest(entries.map(({ log }) => log));
    const places = entries.map(({ log, seq }) => ({ log, seq, user: logUser(log) as UserKey }));
    const found = await this.receipts.ofEntries(places);
    const statuses = entries.map((entry, at) => {
      const receipts = found[at] ?? [];
      const isSettled = settlementsOf(entry, receipts).length > 0;
      const isPast = !isSettled && (positions.get(entry.log) ?? 0) >= entry.seq;
      const judge = (own: readonly Receipt[]) =>
        verdictOf({ entry, now, receipts: own, isPast: isPast && own.length === 0, isConnected: false });
      const verdicts = [...grouped(receipts).values(), []].map(judge);
      return (furthest(verdicts) as Verdict).status;
    });
    const counts = Object.fromEntries(deliveryStatus.options.map((status) => [status, 0]));
    for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
    return counts as Record<DeliveryStatusName, number>;
  }

  private statusOf({ expiresAt }: Entry, counts: Record<DeliveryStatusName, number>): MessageStatusName {
    const isOver = expiresAt <= this.clock.now() || counts.queued + counts.sent === 0;
    if (!isOver) return 'accepted';
    return counts.delivered + counts.failed === 0 && counts.expired > 0 ? 'expired' : 'done';
  }

  /**
   * Undefined for a device that was first seen when the entry was past already: it was never meant to get it.
   */
  private async ofDevice(device: Device, facts: UserFacts): Promise<Judged | undefined> {
    const { entry, now } = facts;
    const receipts = facts.receipts.filter((each) => each.device === device.key);
    const position = (await this.cursors.load(device.key, [entry.log])).get(entry.log) ?? 0;
    const isPast = position >= entry.seq;
    if (isPast && receipts.length === 0 && device.firstSeenAt > entry.acceptedAt) return undefined;
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

/** Connections that named no device: listed where they were given the entry, or may still be. */
function ofNoDevice(facts: UserFacts): Judged[] {
  const { entry, now } = facts;
  const byConnection = new Map([...grouped(facts.receipts)].filter(([, [row]]) => row && !row.device));
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

/** Receipts by device, or by connection where there is none. */
function grouped(receipts: readonly Receipt[]): Map<string, Receipt[]> {
  return Map.groupBy(receipts, ({ device, connection }) => device ?? connection);
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
