/** How every refusal looks, `application/problem+json`. Source: RFC 9457. */
import { type ErrorCode, errorCodes, type FieldCode, fieldCodes } from '@carillon/wire';
import { z } from 'zod';

/**
 * One wrong field: a JSON Pointer (RFC 6901) into the body,
 * or the name of a header; `detail` names what is allowed.
 */
export const fieldFaultSchema = z.strictObject({
  pointer: z.string(),
  code: z.enum(Object.keys(fieldCodes) as [FieldCode, ...FieldCode[]]),
  detail: z.string(),
});

/** `code` is stable for ever; titles and details are for people. `errors` names every wrong field at once. */
export const problemSchema = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
  errors: z.array(fieldFaultSchema).optional(),
  requestId: z.string(),
  retryable: z.boolean(),
});
export type ProblemReply = z.infer<typeof problemSchema>;
