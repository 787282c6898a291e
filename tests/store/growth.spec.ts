// How many bytes a message leaves in a real mongod, and what its delivery leaves beside it: the figures of
// docs/operating/sizing.md. A change of a row or an index that moves one by a quarter must change the page.
import { randomBytes } from 'node:crypto';
import {
  type DeviceKey,
  type Draft,
  deviceKey,
  entryId,
  parameters,
  receiptId,
  type UserKey,
  userKey,
  userLog,
} from '@carillon/domain';
import type { Store } from '@carillon/domain/ports';
import { type Db, MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { textOf } from '../docs/page.ts';
import { openStore } from './mongo.js';

const page = 'docs/operating/sizing.md';
const database = `growth_${process.pid}_${Date.now()}`;
const dataBytes = 200;
const users = Array.from({ length: 2_000 }, (_, nth) => userKey('default', `customer-${100_000 + nth}`));
const messagesPerUser = 10;
const tolerance = 0.25;
const now = Date.now();
const day = 86_400_000;

let store: Store;
let client: MongoClient;
let db: Db;

beforeAll(async () => {
  const url = inject('mongoUrl');
  store = await openStore({ url, database });
  client = await MongoClient.connect(url);
  db = client.db(database);
  await fill();
  // Sizes are those of the last checkpoint.
  await client.db('admin').command({ fsync: 1 });
}, 120_000);
afterAll(async () => {
  await store?.close();
  await db?.dropDatabase();
  await client?.close();
});

it.each([
  ['entry', 'entries', users.length * messagesPerUser],
  ['receipt', 'receipts', users.length * messagesPerUser],
  ['connection', 'connections', users.length],
  ['device', 'devices', users.length],
  ['cursor', 'cursors', users.length],
])('takes as many bytes for one %s as the page says', async (name, collection, count) => {
  const measured = await bytesEach(collection, count);
  const said = saidOf(name);
  for (const [at, bytes] of measured.entries()) {
    const all = `measured ${measured.map(Math.round).join(', ')}; the page: ${said.join(', ')}`;
    expect(bytes, all).toBeGreaterThan((said[at] ?? 0) * (1 - tolerance));
    expect(bytes, all).toBeLessThan((said[at] ?? 0) * (1 + tolerance));
  }
});

/** Bytes of one document, of its places in all indexes, and of both on the disk. */
async function bytesEach(collection: string, count: number): Promise<readonly number[]> {
  const [facts = {}] = await db
    .collection(collection)
    .aggregate([{ $collStats: { storageStats: {} } }])
    .toArray();
  const stats = facts['storageStats'] as Record<'count' | 'size' | 'storageSize' | 'totalIndexSize', number>;
  const { count: rows, size, storageSize, totalIndexSize } = stats;
  expect(rows).toBe(count);
  return [size, totalIndexSize, storageSize + totalIndexSize].map((bytes) => bytes / count);
}

/** The three figures in the page's row, in bytes. */
function saidOf(name: string): number[] {
  const row = new RegExp(`^\\| ${name} \\|.*$`, 'm').exec(textOf(page))?.[0] ?? '';
  return row
    .split('|')
    .slice(3, 6)
    .map((cell) => Number(cell.replaceAll(',', '')));
}

/** A device for every user, and ten messages that each of them was given live and has settled. */
async function fill(): Promise<void> {
  const devices = users.map((user) => deviceKey(user, `d_${randomBytes(12).toString('hex')}`));
  await store.devices.seen(
    devices.map((device) => ({ device, at: now, app: 'shop 4.2' })),
    20,
  );
  for (let nth = 1; nth <= messagesPerUser; nth += 1) {
    const appended = await store.log.append(users.map((user) => draftFor(user)));
    expect(appended.every(({ outcome }) => outcome === 'appended')).toBe(true);
    await settle(devices, nth);
  }
}

/** As Collect makes it: keyed, with content that does not compress like a repeated text. */
function draftFor(user: UserKey): Draft {
  const log = userLog(user);
  const order = randomBytes(Math.floor(dataBytes / 2) - 15).toString('hex');
  const id = `msg_${randomBytes(13).toString('hex').toUpperCase()}`;
  return {
    id: entryId(id, log, true),
    log,
    acceptedAt: now,
    expiresAt: now + 7 * day,
    event: 'order.paid',
    data: JSON.stringify({ orderId: 771_000, reference: order }),
    origin: { fingerprint: randomBytes(32).toString('base64url'), recipients: 1 },
  };
}

/** As Push flushes it after each message that came by itself. */
async function settle(devices: readonly DeviceKey[], seq: number): Promise<void> {
  const at = now + seq;
  const additions = users.map((user, nth) => ({
    id: receiptId(connectionOf(nth), userLog(user), now),
    log: userLog(user),
    user,
    device: devices[nth]!,
    connection: connectionOf(nth),
    node: 'push-7f9c-2',
    sent: [{ from: seq, to: seq, at, way: 'live' as const }],
    settled: [{ from: seq, to: seq, at: at + 20 }],
    failed: [],
    unhandled: [],
  }));
  const connections = users.map((user, nth) => ({
    id: connectionOf(nth),
    user,
    device: devices[nth]!,
    node: 'push-7f9c-2',
    transport: 'websocket' as const,
    app: 'shop 4.2',
    openedAt: now,
    closedAt: now + 60_000,
    closeCode: 1_001,
    sent: seq,
    settled: seq,
  }));
  await store.receipts.record(additions, connections);
  await store.cursors.advance(devices.map((device, nth) => ({ device, log: userLog(users[nth]!), seq })));
}

/** Sixteen characters, as Push makes them at random. */
function connectionOf(nth: number): string {
  return `c_${(nth * 2_654_435_761).toString(32).toUpperCase().padStart(16, 'Q')}`;
}

it('keeps receipts as long as the page says', () => {
  expect(textOf(page)).toContain(`${parameters.receiptsKeptMs / day} days`);
});
