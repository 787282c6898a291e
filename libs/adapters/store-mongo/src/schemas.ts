/**
 * The collections with their fields and indexes, as mongoose declares them.
 * Must never cast or validate on a hot path.
 */

import { parameters } from '@carillon/domain';
import { type Connection, type IndexOptions, type mongo, Schema, type SchemaDefinition } from 'mongoose';
import type {
  ApiKeyRow,
  ConnectionRow,
  CursorRow,
  DeviceRow,
  EntryRow,
  MemberRow,
  MetaRow,
  ReadRow,
  ReceiptRow,
  ScheduledRow,
  SigningKeyRow,
  TenantRow,
} from './rows.js';

/** The drivers' own collections: nothing is hydrated. */
export interface Collections {
  readonly entries: mongo.Collection<EntryRow>;
  readonly cursors: mongo.Collection<CursorRow>;
  readonly devices: mongo.Collection<DeviceRow>;
  readonly receipts: mongo.Collection<ReceiptRow>;
  readonly connections: mongo.Collection<ConnectionRow>;
  readonly reads: mongo.Collection<ReadRow>;
  readonly members: mongo.Collection<MemberRow>;
  readonly scheduled: mongo.Collection<ScheduledRow>;
  readonly meta: mongo.Collection<MetaRow>;
  readonly tenants: mongo.Collection<TenantRow>;
  readonly signingKeys: mongo.Collection<SigningKeyRow>;
  readonly apiKeys: mongo.Collection<ApiKeyRow>;
}

/**
 * Declares the models on the connection and sees to it that their indexes exist.
 * Idempotent, also between processes.
 */
export async function declareCollections(connection: Connection): Promise<Collections> {
  const models = declarations.map(({ name, schema }) => connection.model(name, schema, name));
  await Promise.all(models.map((model) => model.createIndexes()));
  const { db } = connection;
  if (!db) throw new Error('the connection must be open before its collections are declared');
  return {
    entries: db.collection('entries'),
    cursors: db.collection('cursors'),
    devices: db.collection('devices'),
    receipts: db.collection('receipts'),
    connections: db.collection('connections'),
    reads: db.collection('reads'),
    members: db.collection('members'),
    scheduled: db.collection('scheduled'),
    meta: db.collection('meta'),
    tenants: db.collection('tenants'),
    signingKeys: db.collection('signing_keys'),
    apiKeys: db.collection('api_keys'),
  };
}

const keptSeconds = parameters.receiptsKeptMs / 1000;
const text = { type: String, required: true } as const;
const count = { type: Number, required: true } as const;

const entries = schemaOf({
  _id: text,
  log: text,
  seq: count,
  acceptedAt: count,
  expiresAt: count,
  event: text,
  data: String,
  notification: String,
  collapseKey: String,
  origin: { fingerprint: String, recipients: Number, externalId: String, metadata: String },
  mark: String,
})
  .index({ log: 1, seq: -1 }, { unique: true })
  // Both hold only entries for which there is something left to do; a plain message is in none when it ends.
  .index({ log: 1, collapseKey: 1, seq: 1 }, partial({ collapseKey: { $exists: true }, mark: null }))
  .index({ expiresAt: 1 }, partial({ data: { $exists: true } }));

const cursors = schemaOf({ _id: text, log: text, seq: count }).index({ log: 1, seq: -1 });

const devices = schemaOf({
  _id: text,
  user: text,
  firstSeenAt: count,
  lastSeenAt: count,
  app: String,
}).index({ user: 1, lastSeenAt: -1 });

const receipts = schemaOf({
  _id: text,
  log: text,
  user: text,
  device: String,
  connection: text,
  node: text,
  from: Number,
  to: Number,
  isWide: Boolean,
  sent: [{ from: Number, to: Number, at: Number, way: String, _id: false }],
  settled: [{ from: Number, to: Number, at: Number, _id: false }],
  failed: [Number],
  unhandled: [Number],
  createdAt: Date,
})
  .index({ user: 1, log: 1, to: 1 })
  .index({ user: 1, log: 1, isWide: 1, to: 1 }, partial({ isWide: true }))
  .index({ createdAt: 1 }, { expireAfterSeconds: keptSeconds });

const connections = schemaOf({
  _id: text,
  user: text,
  device: String,
  node: text,
  transport: text,
  app: String,
  openedAt: count,
  closedAt: Number,
  closeCode: Number,
  writtenAt: Date,
})
  .index({ user: 1, openedAt: -1 })
  .index({ writtenAt: 1 }, { expireAfterSeconds: keptSeconds });

const reads = schemaOf({ _id: text, user: text, at: Date }).index(
  { at: 1 },
  { expireAfterSeconds: keptSeconds },
);

const members = schemaOf({ topic: text, user: text, head: count, joinedAt: count })
  .index({ topic: 1, user: 1 }, { unique: true })
  .index({ user: 1, topic: 1 });

const scheduled = schemaOf({
  _id: text,
  tenant: text,
  fingerprint: String,
  posting: text,
  recipients: count,
  acceptedAt: count,
  dueAt: count,
  state: text,
  claimedBy: String,
  claimedUntil: Number,
  endedAt: Date,
})
  .index({ state: 1, dueAt: 1 })
  .index({ endedAt: 1 }, { expireAfterSeconds: parameters.scheduleKeptMs / 1000, sparse: true });

const meta = schemaOf({ _id: text, value: text });
const tenants = schemaOf({ _id: text, origins: [String] });

const signingKeys = schemaOf({
  _id: text,
  generation: count,
  createdAt: count,
  publicJwk: text,
  privateKey: text,
}).index({ generation: 1 }, { unique: true });

const apiKeys = schemaOf({
  _id: text,
  tenant: text,
  principal: text,
  hash: text,
  scopes: [String],
  createdAt: count,
  expiresAt: Number,
});

const declarations = [
  { name: 'entries', schema: entries },
  { name: 'cursors', schema: cursors },
  { name: 'devices', schema: devices },
  { name: 'receipts', schema: receipts },
  { name: 'connections', schema: connections },
  { name: 'reads', schema: reads },
  { name: 'members', schema: members },
  { name: 'scheduled', schema: scheduled },
  { name: 'meta', schema: meta },
  { name: 'tenants', schema: tenants },
  { name: 'signing_keys', schema: signingKeys },
  { name: 'api_keys', schema: apiKeys },
];

/** An index on some rows only. */
function partial(partialFilterExpression: Record<string, unknown>): IndexOptions {
  return { partialFilterExpression };
}

function schemaOf(definition: SchemaDefinition): Schema {
  return new Schema(definition, { versionKey: false, autoIndex: false, autoCreate: false });
}
