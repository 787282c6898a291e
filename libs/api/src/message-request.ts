/**
 * `POST /v1/messages` and `POST /v1/messages:batch`: what a producer may ask for. The tenant comes from the
 * key, never from here. Must stay free of transformations: what is valid is kept as it was sent.
 */
import { limits, namePattern, nameRule } from '@carillon/wire';
import { z } from 'zod';
import { jsonContent } from './json-content.js';
import { line, text } from './text.js';
import { delay, ttl, ttlMs } from './ttl.js';

/** Members of `metadata` at most. */
export const metadataMax = 32;
/** Characters of `externalId` at most. */
export const externalIdMax = 255;
/** Characters of `collapseKey` at most. */
export const collapseKeyMax = 128;
const urlMax = 2_048;

const targetRule = 'Allowed is "user:<name>", "topic:<name>", "all", or a list of "user:<name>"';
const listRule = `Allowed is a list of 1 to ${limits.recipientsMax} of "user:<name>"`;

const target = z
  .string(targetRule)
  .refine((value) => value === 'all' || isTarget(value, 'user:') || isTarget(value, 'topic:'), {
    message: `${targetRule}. ${nameRule}`,
    params: { code: 'bad_format' },
  })
  .meta({ pattern: `^(all|(user|topic):${namePattern.source.slice(1, -1)})$` });

const listed = z
  .string(listRule)
  .superRefine((value, context) => {
    if (isTarget(value, 'user:')) return;
    const isOther = value === 'all' || value.startsWith('topic:');
    const message = isOther
      ? `A topic or "all" stands alone, not in a list. ${listRule}`
      : `${listRule}. ${nameRule}`;
    context.addIssue({ code: 'custom', message, params: { code: isOther ? 'not_allowed' : 'bad_format' } });
  })
  .meta({ pattern: `^user:${namePattern.source.slice(1)}` });

const targets = z.union([
  target,
  z
    .array(listed, listRule)
    .min(1, 'Name at least one user')
    .max(limits.recipientsMax, `At most ${limits.recipientsMax} users per message: use a topic for more`),
]);

/**
 * Absolute http(s), or relative to the page.
 * No control characters: browsers drop them, "java\tscript:" would run.
 */
const urlPattern = /^(?:https?:\/\/[^\p{Cc}\s\\/]|(?![A-Za-z][A-Za-z0-9+.-]*:)(?!\/\/))[^\p{Cc}\s\\]*$/u;

const notification = z.strictObject({
  title: text(1, limits.textMax),
  body: text(0, limits.textMax).optional(),
  url: text(1, urlMax)
    .regex(urlPattern, 'An address with http or https, or one relative to the page')
    .optional(),
});

const metadata = z
  .record(z.string().regex(namePattern, nameRule), text(0, limits.textMax))
  .superRefine((value, context) => {
    if (Object.keys(value).length <= metadataMax) return;
    context.addIssue({
      code: 'custom',
      message: `At most ${metadataMax} members`,
      params: { code: 'too_many' },
    });
  });

const idempotencyKey = z
  .string('A text')
  .regex(/^[\x20-\x7e]*$/, 'Printable ASCII')
  .min(1, `1 to ${limits.idempotencyKeyMax} characters`)
  .max(limits.idempotencyKeyMax, `1 to ${limits.idempotencyKeyMax} characters`);

const messageFields = {
  /** Who receives it; a name that is given twice counts once. */
  to: targets,
  event: z.string(nameRule).regex(namePattern, nameRule),
  data: jsonContent.optional(),
  notification: notification.optional(),
  /** 7 days without it; 0: for who is there now, and for nobody else. */
  ttl: ttl.optional(),
  /** Deliver it so much later; `ttl` counts from then. */
  delay: delay.optional(),
  /** Deliver it at this time. */
  sendAt: z.iso
    .datetime({ error: 'A time in ISO 8601 with a zone, at most 90 days ahead', offset: true })
    .optional(),
  /** Where it arrives, older messages with the same key that nobody was given yet are not shown any more. */
  collapseKey: line(1, collapseKeyMax).optional(),
  /** The producer's own id of it, for finding it again. */
  externalId: line(1, externalIdMax).optional(),
  metadata: metadata.optional(),
};

/** The body of `POST /v1/messages`. */
export const messageRequestSchema = z.strictObject(messageFields).superRefine(refuseContradictions);
export type MessageRequest = z.infer<typeof messageRequestSchema>;

/** One message of a batch: the same, with its own key. */
export const batchItemSchema = z
  .strictObject({ ...messageFields, idempotencyKey: idempotencyKey.optional() })
  .superRefine(refuseContradictions);
export type BatchItem = z.infer<typeof batchItemSchema>;

const batchRule = `A list of 1 to ${limits.batchMax} messages`;

/**
 * What holds a batch together. Each item is judged for itself: a faulty one does not take the others with it.
 */
export const batchEnvelopeSchema = z.strictObject({
  messages: z.array(z.unknown(), batchRule).min(1, batchRule).max(limits.batchMax, batchRule),
});

/** The body of `POST /v1/messages:batch`, as documented and as producers write it. */
export const batchRequestSchema = z.strictObject({
  messages: z.array(batchItemSchema).min(1).max(limits.batchMax),
});
export type BatchRequest = z.infer<typeof batchRequestSchema>;

/** The header `Idempotency-Key`; kept at least 24 h. */
export const idempotencyKeySchema = idempotencyKey;

function isTarget(value: string, prefix: 'user:' | 'topic:'): boolean {
  return value.startsWith(prefix) && namePattern.test(value.slice(prefix.length));
}

interface Timing {
  readonly ttl?: number | string | undefined;
  readonly delay?: number | string | undefined;
  readonly sendAt?: string | undefined;
  readonly collapseKey?: string | undefined;
}

/** Fields that are good by themselves and say opposite things together. */
function refuseContradictions(request: Timing, context: z.RefinementCtx): void {
  const refuse = (path: keyof Timing, message: string) => {
    context.addIssue({ code: 'custom', path: [path], message, params: { code: 'not_allowed' } });
  };
  const { delay: later, sendAt, collapseKey } = request;
  if (later !== undefined && sendAt !== undefined) refuse('sendAt', 'Give delay or sendAt, not both');
  if (request.ttl === undefined || ttlMs(request.ttl) !== 0) return;
  const rule = 'A message with ttl 0 is for who is there now';
  if (later !== undefined) refuse('delay', `${rule}: it cannot wait`);
  if (sendAt !== undefined) refuse('sendAt', `${rule}: it cannot wait`);
  if (collapseKey !== undefined)
    refuse('collapseKey', `${rule}: nothing of it is kept that could be replaced`);
}
