/** Topics and their members: who follows what because a business system said so. */
import { limits, namePattern, nameRule } from '@carillon/wire';
import { z } from 'zod';
import { time } from './iso-time.js';

/** Members of one request at most. */
export const membersBatchMax = limits.recipientsMax;
const name = z.string(nameRule).regex(namePattern, nameRule);
const names = z
  .array(name, `A list of at most ${membersBatchMax} users`)
  .max(membersBatchMax, `At most ${membersBatchMax} users`);

/** The body of `POST /v1/topics/{topic}/members:batch`; a user in both lists is a member afterwards. */
export const membersRequestSchema = z.strictObject({ remove: names.optional(), add: names.optional() });
export type MembersRequest = z.infer<typeof membersRequestSchema>;

export const memberSchema = z.strictObject({ user: z.string(), joinedAt: time });

/** `next`: where the following page begins; absent on the last one. */
export const membersReplySchema = z.strictObject({
  topic: z.string(),
  members: z.array(memberSchema),
  next: z.string().optional(),
});
export type MembersReply = z.infer<typeof membersReplySchema>;

export const topicsReplySchema = z.strictObject({ topics: z.array(z.string()), next: z.string().optional() });
export type TopicsReply = z.infer<typeof topicsReplySchema>;

const pageRule = 'A whole number from 1 to 1,000';

/** What a page of a list is asked with. `after`: the `next` of the page before. */
export const pageQuerySchema = z.strictObject({
  after: name.optional(),
  limit: z
    .string(pageRule)
    .regex(/^\d{1,4}$/, pageRule)
    .refine((text) => Number(text) >= 1 && Number(text) <= 1_000, pageRule)
    .optional(),
});
export type PageQuery = z.infer<typeof pageQuerySchema>;
