/**
 * What a row of the table of operations is made of, and the names that rows may use. Must never describe one
 * operation: that is what the rows are for.
 */
import { type ErrorCode, namePattern } from '@carillon/wire';
import { z } from 'zod';
import { messageIdPattern } from './message-reply.js';
import { idempotencyKeySchema } from './message-request.js';

/** What a key may be allowed to do, and what that is; held equal to the domain's scopes by a spec. */
export const apiScopes = {
  'messages:write': 'Post messages',
  'messages:read': 'See what became of messages',
  'topics:write': 'Manage topics and their members',
  broadcast: 'Post to everybody',
  'users:admin': 'See and disconnect users',
  'webhooks:admin': 'Manage webhook endpoints',
  'tokens:write': 'Make tokens for users',
  admin: 'All of it',
} as const;
export type ApiScope = keyof typeof apiScopes;

/** One request that a service answers. A route without a row, or a row without a route, fails a spec. */
export interface Operation {
  /** For generated clients; never renamed. */
  readonly id: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With `{name}` for each part that `pathParameters` knows. */
  readonly path: `/${string}`;
  readonly service: 'auth' | 'collect';
  readonly tag: Tag;
  /** A few words. */
  readonly summary: string;
  /** What a caller must know besides. */
  readonly description?: string;
  readonly access: Access;
  /** Each member is one query parameter. */
  readonly query?: z.ZodObject;
  readonly headers?: readonly RequestHeader[];
  readonly request?: RequestBody;
  /** By status; refusals are not listed here but in `errors`. */
  readonly replies: Readonly<Record<number, Reply>>;
  /** What it may refuse with, besides what its kind of request always may: see `errorsOf`. */
  readonly errors?: readonly ErrorCode[];
}

/** A scope: an API key that has it. `user`: the token of an end user. `anybody`: no credential. */
export type Access = { readonly scope: ApiScope } | 'user' | 'anybody';

export const tags = {
  messages: 'Post messages and see what became of them',
  topics: 'Who follows what',
  users: 'Who is there, and what they have',
  tokens: 'Let users in',
  documents: 'What describes this API',
} as const;
export type Tag = keyof typeof tags;

/** JSON under the name of its component. */
export interface RequestBody {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly example: unknown;
  /** Other media types of the same content. */
  readonly otherTypes?: readonly string[];
  /** The member that lists items of which each is judged, and refused, by itself. */
  readonly judgedOneByOne?: string;
}

/** JSON under the name of its component; without a schema: no body. */
export interface Reply {
  readonly description: string;
  readonly name?: string;
  readonly schema?: z.ZodType;
  readonly example?: unknown;
  readonly otherTypes?: readonly string[];
  /** `Request-Id` is on every answer. */
  readonly headers?: Readonly<Partial<Record<ReplyHeader, 'always' | 'sometimes'>>>;
}

interface Described {
  readonly schema: z.ZodType;
  readonly description: string;
}

export const pathParameters: Readonly<Record<string, Described>> = {
  id: { schema: z.string().regex(messageIdPattern), description: 'The id that the message got' },
  user: { schema: z.string().regex(namePattern), description: 'The name of a user' },
  topic: { schema: z.string().regex(namePattern), description: 'The name of a topic' },
};

/** What a request may carry. */
export const requestHeaders = {
  'Request-Id': {
    schema: z.string().regex(namePattern),
    description: 'Your own id of this request; one is made where it is absent or no name',
  },
  'Idempotency-Key': {
    schema: idempotencyKeySchema,
    description: 'One per message; the same key and body again is the same message. Kept for at least 24 h',
  },
  Prefer: {
    schema: z.string().regex(/^wait=\d+$/),
    description: 'wait=5: answer when the message is delivered, after 5 s at the latest',
  },
} as const satisfies Readonly<Record<string, Described>>;
export type RequestHeader = keyof typeof requestHeaders;

/** What an answer may carry. */
export const replyHeaders = {
  'Request-Id': { schema: z.string().regex(namePattern), description: 'Finds this request in the logs' },
  Location: { schema: z.string().regex(/^\//), description: 'Where what was made is found' },
  'Idempotency-Replayed': {
    schema: z.literal('true'),
    description: 'The key was known: this is the answer of then',
  },
  'Preference-Applied': { schema: z.string(), description: 'The preference that was heeded' },
  'Cache-Control': { schema: z.string(), description: 'How long the answer may be kept' },
  'Retry-After': {
    schema: z.string().regex(/^[1-9]\d*$/),
    description: 'Seconds to wait before the same request is sent again',
  },
  'WWW-Authenticate': { schema: z.string().regex(/^Bearer/), description: 'The credential asked for' },
} as const satisfies Readonly<Record<string, Described>>;
export type ReplyHeader = keyof typeof replyHeaders;

const always: readonly ErrorCode[] = ['headers_too_large', 'internal', 'overloaded', 'draining'];
const ofCredential: readonly ErrorCode[] = ['token_missing', 'token_invalid', 'store_unavailable'];
// Read whether it is asked for or not.
const ofAnyBody: readonly ErrorCode[] = ['malformed_json', 'payload_too_large', 'unsupported_media_type'];

/** Every code that the operation may be refused with, in no order, each once. */
export function errorsOf({ access, method, path, query, request, errors = [] }: Operation): ErrorCode[] {
  const codes = [...always, ...errors];
  if (access !== 'anybody') codes.push(...ofCredential);
  if (typeof access === 'object') codes.push('scope_missing');
  if (access === 'user') codes.push('token_expired');
  // An address that cannot be decoded, or has a part that is too long, leads nowhere.
  if (path.includes('{')) codes.push('not_found');
  if (method !== 'get') codes.push(...ofAnyBody);
  if (query !== undefined || request !== undefined) codes.push('validation_failed');
  return [...new Set(codes)];
}
