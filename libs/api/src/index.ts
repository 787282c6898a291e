/** Every REST request and reply as a zod schema. Must never know how a server keeps what it is given. */
export { isoTime } from './iso-time.js';
export {
  type DeliveryAnswer,
  type DeliveryReasonName,
  type DeliveryStatusName,
  type DeviceDelivery,
  deliveryAnswerSchema,
  deliveryReason,
  deliveryStatus,
  deviceDeliverySchema,
  type MessageAnswer,
  type MessageStatusName,
  messageAnswerSchema,
  messageStatus,
  type TimelineEvent,
  timelineEventSchema,
} from './ledger-reply.js';
export {
  type BatchReply,
  type BatchResult,
  batchReplySchema,
  batchResultSchema,
  type MessageLinks,
  type MessageReply,
  messageIdPattern,
  messageLinks,
  messageLinksSchema,
  messageReplySchema,
} from './message-reply.js';
export {
  type BatchItem,
  type BatchRequest,
  batchEnvelopeSchema,
  batchItemSchema,
  batchRequestSchema,
  externalIdMax,
  idempotencyKeySchema,
  type MessageRequest,
  messageRequestSchema,
  metadataMax,
} from './message-request.js';
export { fieldFaultSchema, type ProblemReply, problemSchema } from './problem.js';
export {
  type TokenReply,
  type TokenRequest,
  type TokenRequestInput,
  tokenReply,
  tokenReplySchema,
  tokenRequestSchema,
} from './tokens.js';
export { type Ttl, ttlMs } from './ttl.js';
