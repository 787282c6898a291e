/** Every REST request and reply as a zod schema. Must never know how a server keeps what it is given. */
export { asyncApi } from './async-api.js';
export { isoTime, timeMs } from './iso-time.js';
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
  type MembersReply,
  type MembersRequest,
  memberSchema,
  membersBatchMax,
  membersReplySchema,
  membersRequestSchema,
  type PageQuery,
  pageQuerySchema,
  type TopicsReply,
  topicsReplySchema,
} from './members.js';
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
  collapseKeyMax,
  externalIdMax,
  idempotencyKeySchema,
  type MessageRequest,
  messageRequestSchema,
  metadataMax,
} from './message-request.js';
export { type OpenApiOptions, openApi } from './open-api.js';
export { operations } from './operations.js';
export {
  apiScopes,
  errorsOf,
  type Operation,
  pathParameters,
  type Reply,
  replyHeaders,
  requestHeaders,
} from './operations-shape.js';
export { fieldFaultSchema, type ProblemReply, problemSchema } from './problem.js';
export { type RecallReply, recallReplySchema } from './recall-reply.js';
export {
  type TokenReply,
  type TokenRequest,
  type TokenRequestInput,
  tokenReply,
  tokenReplySchema,
  tokenRequestSchema,
} from './tokens.js';
export { type Ttl, ttlMs } from './ttl.js';
export { apiVersion } from './version.js';
