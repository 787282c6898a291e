/** The client protocol `carillon.v1`, for both ends. Must never import anything. */
export type { CloseCode, CloseVerdict } from './close-codes.js';
export { closeCodes, closeVerdict } from './close-codes.js';
export type { Decoded, MessageParts, VolatileParts } from './codec.js';
export { decodeClientFrame, decodeServerFrame, encodeFrame, encodeMessage, encodeVolatile } from './codec.js';
export type { ErrorCode, ErrorKind, FieldCode } from './error-codes.js';
export { errorCodes, fieldCodes } from './error-codes.js';
export { type FrameSchemas, frameSchemas, type JsonSchema } from './frame-schemas.js';
export type {
  Ack,
  Call,
  ClientFrame,
  Drain,
  ErrorFrame,
  Hello,
  JsonValue,
  LogStart,
  MessageFrame,
  NotificationContent,
  Ping,
  Pong,
  Read,
  Refusal,
  Result,
  ResultFailure,
  ResultSuccess,
  ServerFrame,
  Skip,
  SkipReason,
  Subscribe,
  Subscribed,
  TokenAccepted,
  TokenRefresh,
  Unsubscribe,
  Unsubscribed,
  VolatileFrame,
  Welcome,
  WelcomeLimits,
} from './frames.js';
export { limits } from './limits.js';
export {
  bearerPrefix,
  isLogName,
  isName,
  isTopicPattern,
  namePattern,
  nameRule,
  subprotocol,
  topicPattern,
  topicPrefix,
} from './names.js';
