/** Nouns and rules that all services share. Knows no driver, no framework and no clock. */
export { type DeliveryReason, type DeliveryStatus, deliveryReasons, deliveryStatuses } from './delivery.js';
export {
  type Doorbell,
  type DoorbellKind,
  type DoorbellSlice,
  type DoorbellView,
  doorbellKinds,
  encodeDoorbell,
  joinDoorbells,
  readDoorbells,
  splitDoorbells,
} from './doorbell.js';
export {
  type Draft,
  type Entry,
  type EntryId,
  entryId,
  type Fate,
  fateOf,
  type Mark,
  messageIdOf,
  type Origin,
} from './entry.js';
export type {
  AuthPolicy,
  KeyCheckReply,
  KeyCheckRequest,
  PublicJwk,
  TokenVerdict,
  VerifyReply,
  VerifyRequest,
} from './exchange/auth.js';
export { tokensPerRequestMax } from './exchange/auth.js';
export type { DispatchAnnouncement, DispatchAnswer, PushAnswer } from './exchange/doorbells.js';
export { fromJsonBytes, toJsonBytes } from './exchange/json.js';
export type { Notice } from './exchange/notices.js';
export { entryFrame, volatileFrame } from './frame.js';
export { type ApiKeyRecord, type Scope, type SigningKey, scopes, type Tenant } from './identity.js';
export { fullJitterMs, type JitterBounds, jittered } from './jitter.js';
export {
  allLog,
  type DeviceKey,
  deviceKey,
  deviceName,
  deviceUser,
  type Incarnation,
  incarnation,
  isUserLog,
  type LogKey,
  logFromWire,
  logUser,
  tenantOf,
  topicLog,
  type UserKey,
  userKey,
  userLog,
  userName,
  wireLog,
} from './keys.js';
export { parameters } from './parameters.js';
export { type PoolBounds, PooledCall } from './pooled-call.js';
export {
  type ConnectionRecord,
  type Device,
  type Receipt,
  type ReceiptAddition,
  receiptBucketMs,
  receiptId,
  type TimedRange,
  type Way,
} from './receipt.js';
export { receiptSums } from './receipt-sum.js';
export { subjects } from './subjects.js';
