/**
 * What Collect answers to a message or a batch that it took. A 202 promises; see docs/reference/delivery.md.
 */
import { type ErrorCode, errorCodes } from '@carillon/wire';
import { z } from 'zod';
import { time } from './iso-time.js';
import { fieldFaultSchema } from './problem.js';

/** The shape of every message's id. */
export const messageIdPattern = /^msg_[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

const messageId = z.string().regex(messageIdPattern);
const recipients = z.int().positive();
/** `scheduled`: durable, and to be delivered at `sendAt`. */
const status = z.enum(['accepted', 'scheduled']);

/** Addresses on this server. `deliveries` is a template (RFC 6570) with the user's name. */
export const messageLinksSchema = z.strictObject({ self: z.string(), deliveries: z.string() });
export type MessageLinks = z.infer<typeof messageLinksSchema>;

/** 202, durable on a majority. `recipients` counts users, each once; a topic, or all, counts as one. */
export const messageReplySchema = z.strictObject({
  id: messageId,
  status,
  recipients,
  acceptedAt: time,
  sendAt: time.optional(),
  expiresAt: time,
  links: messageLinksSchema,
});
export type MessageReply = z.infer<typeof messageReplySchema>;

const itemAccepted = z.strictObject({
  status,
  id: messageId,
  recipients,
  acceptedAt: time,
  sendAt: time.optional(),
  expiresAt: time,
  /** The key was known: this is the answer of then. */
  replayed: z.boolean(),
});

const itemRefused = z.strictObject({
  status: z.literal('refused'),
  error: z.strictObject({
    code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
    title: z.string(),
    detail: z.string(),
    retryable: z.boolean(),
    errors: z.array(fieldFaultSchema).optional(),
  }),
});

/** What became of one item of a batch. */
export const batchResultSchema = z.discriminatedUnion('status', [itemAccepted, itemRefused]);
export type BatchResult = z.infer<typeof batchResultSchema>;

/** 200: `results` in the order of the request. What was refused may be sent again, by itself. */
export const batchReplySchema = z.strictObject({
  summary: z.strictObject({ accepted: z.int(), refused: z.int() }),
  results: z.array(batchResultSchema),
});
export type BatchReply = z.infer<typeof batchReplySchema>;

/** Where a message is found. */
export function messageLinks(id: string): MessageLinks {
  const self = `/v1/messages/${id}`;
  return { self, deliveries: `${self}/deliveries/{user}` };
}
