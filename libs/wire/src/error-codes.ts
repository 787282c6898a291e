/** The one table of errors: what REST answers and error frames carry, with status, close code and verdict.
 *  Must never lose or rename a code: business systems branch on them. */
import type { CloseCode } from './close-codes.js';
import { closeCodes } from './close-codes.js';

/** How an error looks on each surface. */
export interface ErrorKind {
  /** The HTTP status of the problem+json answer. */
  readonly status: number;
  /** The close code where the error ends a socket. */
  readonly closeCode?: CloseCode;
  /** True where the same request may succeed later without a change. */
  readonly retryable: boolean;
  /** One short sentence without particulars of the request. */
  readonly title: string;
}

/** Every error code of the suite; stable for ever, the text of a title is not. Source: RFC 9457. */
export const errorCodes = {
  malformed_json: { status: 400, retryable: false, title: 'The body is not JSON' },
  unsupported_subprotocol: { status: 400, retryable: false, title: 'The subprotocol is not supported' },
  token_missing: { status: 401, retryable: false, title: 'A token or key is missing' },
  token_invalid: {
    status: 401,
    closeCode: closeCodes.tokenRejected,
    retryable: false,
    title: 'The token or key is not valid',
  },
  token_expired: {
    status: 401,
    closeCode: closeCodes.tokenExpired,
    retryable: false,
    title: 'The token has expired',
  },
  scope_missing: { status: 403, retryable: false, title: 'The key lacks a scope' },
  origin_forbidden: {
    status: 403,
    closeCode: closeCodes.forbidden,
    retryable: false,
    title: 'The origin is not allowed',
  },
  not_found: { status: 404, retryable: false, title: 'Not found' },
  method_not_allowed: { status: 405, retryable: false, title: 'The method is not allowed here' },
  too_late: { status: 409, retryable: false, title: 'Too late to change this' },
  payload_too_large: { status: 413, retryable: false, title: 'The body is too large' },
  unsupported_media_type: { status: 415, retryable: false, title: 'The media type is not supported' },
  validation_failed: { status: 422, retryable: false, title: 'The request is not valid' },
  idempotency_key_reused: {
    status: 422,
    retryable: false,
    title: 'The idempotency key was used for another request',
  },
  rate_limited: {
    status: 429,
    closeCode: closeCodes.rateLimited,
    retryable: true,
    title: 'Too many requests',
  },
  too_many_unacked: { status: 429, retryable: true, title: 'An addressee has too many unread messages' },
  headers_too_large: { status: 431, retryable: false, title: 'The headers are too large' },
  internal: { status: 500, closeCode: closeCodes.internal, retryable: true, title: 'Internal error' },
  store_unavailable: { status: 503, retryable: true, title: 'The store is not available' },
  overloaded: {
    status: 503,
    closeCode: closeCodes.overloaded,
    retryable: true,
    title: 'The service is overloaded',
  },
  draining: {
    status: 503,
    closeCode: closeCodes.draining,
    retryable: true,
    title: 'This node is shutting down',
  },
} as const satisfies Record<string, ErrorKind>;

/** A key of `errorCodes`. */
export type ErrorCode = keyof typeof errorCodes;

/** What can be wrong with one field of a request, with its meaning; used in `errors[].code` of a problem. */
export const fieldCodes = {
  required: 'The field is missing',
  unknown_field: 'The field is not known',
  wrong_type: 'The value has the wrong type',
  out_of_range: 'The value is out of range',
  too_long: 'The value is too long',
  too_many: 'There are too many items',
  bad_format: 'The value has the wrong format',
  not_allowed: 'The value is not allowed here',
} as const;

/** A key of `fieldCodes`. */
export type FieldCode = keyof typeof fieldCodes;
