/**
 * `POST /v1/messages` and `POST /v1/messages:batch`: what a producer may ask for. The tenant comes from the
 * key, never from here. Must stay free of transformations: what is valid is kept as it was sent.
 */
import { limits, namePattern, nameRule } from '@carillon/wire';
import { z } from 'zod';
import { jsonContent } from './json-content.js';
import { line, text } from './text.js';
import { ttl } from './ttl.js';

/** Members of `metadata` at most. */
export const metadataMax = 32;
/** Characters of `externalId` at most. */
export const externalIdMax = 255;
const urlMax = 2_048;

const target = z
  .string(`Allowed is "user:<name>" or a list of 1 to ${limits.recipientsMax} of them`)
  .superRefine((value, context) => {
    if (isUserTarget(value)) return;
    const isLater = value === 'all' || value.startsWith('topic:');
    const message = isLater
      ? 'Topics and "all" are not served yet; allowed is "user:<name>" or a list of them'
      : `Allowed is "user:<name>" or a list of them. ${nameRule}`;
    context.addIssue({ code: 'custom', message, params: { code: isLater ? 'not_allowed' : 'bad_format' } });
  })
  .meta({ pattern: `^user:${namePattern.source.slice(1)}` });

const targets = z.union([
  target,
  z
    .array(target, `Allowed is "user:<name>" or a list of 1 to ${limits.recipientsMax} of them`)
    .min(1, 'Name at least one user')
    .max(limits.recipientsMax, `At most ${limits.recipientsMax} users per message: send several messages`),
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
  /** 7 days without it. */
  ttl: ttl.optional(),
  /** The producer's own id of it, for finding it again. */
  externalId: line(1, externalIdMax).optional(),
  metadata: metadata.optional(),
};

/** The body of `POST /v1/messages`. */
export const messageRequestSchema = z.strictObject(messageFields);
export type MessageRequest = z.infer<typeof messageRequestSchema>;

/** One message of a batch: the same, with its own key. */
export const batchItemSchema = z.strictObject({
  ...messageFields,
  idempotencyKey: idempotencyKey.optional(),
});
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

function isUserTarget(value: string): boolean {
  return value.startsWith('user:') && namePattern.test(value.slice(5));
}
