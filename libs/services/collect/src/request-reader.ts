/**
 * Reads what a producer asks for: checks it against the schema, the configured limits and the key's scopes,
 * and makes a posting of it. Must never take a tenant from anywhere but the credential.
 */
import {
  type BatchItem,
  batchItemSchema,
  idempotencyKeySchema,
  type MessageRequest,
  messageRequestSchema,
  timeMs,
} from '@carillon/api';
import { Clock } from '@carillon/domain/ports';
import { type FieldFault, Problem } from '@carillon/platform';
import { limits } from '@carillon/wire';
import { Injectable } from '@nestjs/common';
import { CollectOptions } from './collect-options.js';
import type { Credential } from './credential.js';
import { readAs } from './input.js';
import { MessageIds } from './message-id.js';
import { type Posting, postingOf } from './posting.js';
import { isUsualRequest } from './usual-request.js';

/** The same header, and the same member of an item. */
const keyPointer = { header: 'Idempotency-Key', item: '/idempotencyKey' };

@Injectable()
export class RequestReader {
  constructor(
    private readonly ids: MessageIds,
    private readonly clock: Clock,
    private readonly options: CollectOptions,
  ) {}

  /** @throws Problem with every wrong field, or the scope that is missing */
  one(body: unknown, key: string | undefined, credential: Credential): Posting {
    const request = isUsualRequest(body) ? body : readAs(messageRequestSchema, body);
    this.check(request, credential, '');
    const posting = this.posting(request, key, credential);
    refuseKey(posting, keyPointer.header);
    return posting;
  }

  /**
   * An item of a batch; `index` is its place. @throws Problem as `one`, with pointers from the batch's root
   */
  item(item: unknown, index: number, by: { key: string | undefined; credential: Credential }): Posting {
    const pointer = `/messages/${index}`;
    const request: BatchItem = isUsualRequest(item) ? item : readAs(batchItemSchema, item, pointer);
    this.check(request, by.credential, pointer);
    // An item without a key of its own is volatile by choice: the batch's key is not meant for it.
    const own =
      request.idempotencyKey ??
      (by.key === undefined || isVolatile(request) ? undefined : `${by.key}#${index}`);
    const posting = this.posting(request, own, by.credential);
    refuseKey(posting, `${pointer}${keyPointer.item}`);
    return posting;
  }

  private posting(request: MessageRequest, key: string | undefined, by: Credential): Posting {
    return postingOf(request, {
      by,
      key,
      now: this.clock.now(),
      ttlDefaultMs: this.options.ttlDefaultMs,
      freshId: () => this.ids.fresh(),
    });
  }

  private check({ to, sendAt }: MessageRequest, { scopes }: Credential, pointer: string): void {
    if (to === 'all' && !scopes.includes('broadcast') && !scopes.includes('admin')) {
      throw new Problem('scope_missing', 'Sending to everybody needs a key with the scope broadcast.');
    }
    const { recipientsMax } = this.options;
    // A server may be configured to allow fewer users per message than the schema.
    if (typeof to !== 'string' && to.length > recipientsMax) {
      const detail = `At most ${recipientsMax} users per message: use a topic for more`;
      throw invalid({ pointer: `${pointer}/to`, code: 'too_many', detail });
    }
    if (sendAt !== undefined && timeMs(sendAt) > this.clock.now() + limits.delayMaxMs) {
      const detail = 'A time in ISO 8601 with a zone, at most 90 days ahead';
      throw invalid({ pointer: `${pointer}/sendAt`, code: 'out_of_range', detail });
    }
  }
}

/** The header Idempotency-Key. @throws Problem validation_failed */
export function headerKey(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (idempotencyKeySchema.safeParse(value).success) return value as string;
  const detail = `The header Idempotency-Key has 1 to ${limits.idempotencyKeyMax} printable ASCII characters`;
  throw invalid({ pointer: keyPointer.header, code: 'bad_format', detail });
}

export function invalid(fault: FieldFault): Problem {
  return new Problem('validation_failed', '1 field is not valid.', { errors: [fault] });
}

function refuseKey({ isKeyed, ttlMs }: Posting, pointer: string): void {
  if (!isKeyed || ttlMs !== 0) return;
  const detail = 'A message with ttl 0 is stored nowhere, so a key cannot recognise it: leave the key out';
  throw invalid({ pointer, code: 'not_allowed', detail });
}

function isVolatile({ ttl }: MessageRequest): boolean {
  return ttl !== undefined && Number.parseInt(String(ttl), 10) === 0;
}
