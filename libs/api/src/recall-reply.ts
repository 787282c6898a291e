/** What `DELETE /v1/messages/{id}` answers: a recall of what was sent, or the end of what was to be sent. */
import { z } from 'zod';

/** `alreadySeenBy`: devices that had been sent it before, at most a thousand of them. */
export const recallReplySchema = z.strictObject({
  id: z.string(),
  /** False: it had not been sent yet and never will be. */
  recalled: z.boolean(),
  cancelled: z.boolean(),
  alreadySeenBy: z.array(z.strictObject({ user: z.string(), device: z.string().optional() })),
});
export type RecallReply = z.infer<typeof recallReplySchema>;
