/**
 * `POST /v1/tokens`: a token for one user in exchange for an API key.
 * The tenant comes from the key, never from here.
 */
import { limits, namePattern, nameRule, topicPattern } from '@carillon/wire';
import { z } from 'zod';
import { isoTime, time } from './iso-time.js';
import { ttlMs } from './ttl.js';

const ttlRule = 'Seconds, or a whole number followed by s or m; from 1s to 15m';
const topicRule = 'A topic, or the beginning of one followed by *';

const lifetime = z
  .union([z.number(ttlRule), z.string(ttlRule)])
  .transform(ttlMs)
  .superRefine((ms, context) => {
    if (Number.isInteger(ms) && ms >= 1_000 && ms <= limits.tokenTtlMaxMs) return;
    const code = Number.isNaN(ms) ? 'bad_format' : 'out_of_range';
    context.addIssue({ code: 'custom', message: ttlRule, params: { code } });
  });

/** What a business system asks for. After parsing `ttl` is in milliseconds. */
export const tokenRequestSchema = z.strictObject({
  user: z.string().regex(namePattern, nameRule),
  /** Binds the token to one device of the user. */
  device: z.string().regex(namePattern, nameRule).optional(),
  /** Topics that the user's pages may subscribe to; none without it. */
  topics: z.array(z.string().regex(topicPattern, topicRule)).max(limits.topicsPerSessionMax).optional(),
  ttl: lifetime.optional(),
});

/** As it is sent. */
export type TokenRequestInput = z.input<typeof tokenRequestSchema>;
/** As it is read: `ttl` in milliseconds. */
export type TokenRequest = z.output<typeof tokenRequestSchema>;

/** 201. `expiresAt` is ISO 8601 in UTC. */
export const tokenReplySchema = z.strictObject({ token: z.string(), expiresAt: time });
export type TokenReply = z.infer<typeof tokenReplySchema>;

/** The reply's body. `expiresAt` in epoch milliseconds. */
export function tokenReply(token: string, expiresAt: number): TokenReply {
  return { token, expiresAt: isoTime(expiresAt) };
}
