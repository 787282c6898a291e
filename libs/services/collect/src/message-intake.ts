/**
 * From a request to its answer: checks it, brings it into the logs, and answers 202 only for what is durable.
 * Must never take a tenant from anywhere but the credential.
 */
import {
  type BatchItem,
  type BatchReply,
  type BatchResult,
  batchEnvelopeSchema,
  batchItemSchema,
  idempotencyKeySchema,
  isoTime,
  type MessageReply,
  type MessageRequest,
  messageLinks,
  messageRequestSchema,
} from '@carillon/api';
import { Clock } from '@carillon/domain/ports';
import { type FieldFault, Problem } from '@carillon/platform';
import { errorCodes, limits } from '@carillon/wire';
import { Injectable } from '@nestjs/common';
import { Appending, type Outcome } from './appending.js';
import { CollectMetrics } from './collect-metrics.js';
import { CollectOptions } from './collect-options.js';
import type { Credential } from './credential.js';
import { readAs } from './input.js';
import { IntakeGate } from './intake-gate.js';
import { MessageIds } from './message-id.js';
import { type Posting, postingOf } from './posting.js';

/** A request as it came in. */
export interface Incoming {
  readonly credential: Credential;
  readonly body: unknown;
  /** The header Idempotency-Key. */
  readonly key: unknown;
}

/** An answer, and whether it is the repetition of an earlier one. */
export interface Accepted {
  readonly reply: MessageReply;
  readonly isReplay: boolean;
}

@Injectable()
export class MessageIntake {
  constructor(
    private readonly gate: IntakeGate,
    private readonly appending: Appending,
    private readonly ids: MessageIds,
    private readonly clock: Clock,
    private readonly metrics: CollectMetrics,
    private readonly options: CollectOptions,
  ) {}

  /** Resolves once the message is durable. @throws Problem */
  async takeOne({ credential, body, key }: Incoming): Promise<Accepted> {
    this.gate.pass();
    const idempotencyKey = headerKey(key);
    const request = readAs(messageRequestSchema, body);
    this.checkRecipients(request, '');
    const posting = this.posting(request, credential, idempotencyKey);
    const [outcome] = await this.appending.append([posting]);
    if (outcome?.outcome !== 'accepted') throw this.gate.refusal(outcome);
    if (!outcome.isReplay) this.metrics.message(posting.isList ? 'list' : 'user');
    const { messageId: id, logs } = posting;
    const { acceptedAt, expiresAt } = outcome.first;
    return {
      isReplay: outcome.isReplay,
      reply: {
        id,
        status: 'accepted',
        recipients: logs.length,
        acceptedAt: isoTime(acceptedAt),
        expiresAt: isoTime(expiresAt),
        links: messageLinks(id),
      },
    };
  }

  /**
   * One result per item, in order; an item that is refused takes no other with it. @throws Problem when
   * nothing of the batch was taken because of what holds for all of it
   */
  async takeBatch({ credential, body, key }: Incoming): Promise<BatchReply> {
    this.gate.pass();
    const batchKey = headerKey(key);
    const items = this.itemsOf(body);
    const results: BatchResult[] = [];
    const postings: Posting[] = [];
    const places: number[] = [];
    for (const [index, item] of items.entries()) {
      const found = this.readItem(item, index);
      if (found instanceof Problem) {
        results[index] = refused(found);
        continue;
      }
      const itemKey = found.idempotencyKey ?? (batchKey === undefined ? undefined : `${batchKey}#${index}`);
      postings.push(this.posting(found, credential, itemKey));
      places.push(index);
    }
    const outcomes = await this.appending.append(postings);
    if (outcomes.length === items.length && outcomes.every(({ outcome }) => outcome === 'full')) {
      throw this.gate.refusal(outcomes[0]);
    }
    for (const [at, outcome] of outcomes.entries()) {
      results[places[at] as number] = this.resultOf(postings[at] as Posting, outcome);
    }
    const accepted = results.filter(({ status }) => status === 'accepted').length;
    return { summary: { accepted, refused: results.length - accepted }, results };
  }

  private itemsOf(body: unknown): readonly unknown[] {
    const { messages } = readAs(batchEnvelopeSchema, body);
    const { batchMax } = this.options;
    if (messages.length <= batchMax) return messages;
    throw invalid({ pointer: '/messages', code: 'too_many', detail: `A list of 1 to ${batchMax} messages` });
  }

  private readItem(item: unknown, index: number): BatchItem | Problem {
    const pointer = `/messages/${index}`;
    try {
      const request = readAs(batchItemSchema, item, pointer);
      this.checkRecipients(request, pointer);
      return request;
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
  }

  /** A server may be configured to allow fewer users per message than the schema. */
  private checkRecipients({ to }: MessageRequest, pointer: string): void {
    const { recipientsMax } = this.options;
    if (typeof to === 'string' || to.length <= recipientsMax) return;
    const detail = `At most ${recipientsMax} users per message: send several messages`;
    throw invalid({ pointer: `${pointer}/to`, code: 'too_many', detail });
  }

  private posting(request: MessageRequest, by: Credential, key: string | undefined): Posting {
    return postingOf(request, {
      by,
      key,
      now: this.clock.now(),
      ttlDefaultMs: this.options.ttlDefaultMs,
      freshId: () => this.ids.fresh(),
    });
  }

  private resultOf({ messageId: id, logs, isList }: Posting, outcome: Outcome): BatchResult {
    if (outcome.outcome !== 'accepted') return refused(this.gate.refusal(outcome));
    if (!outcome.isReplay) this.metrics.message(isList ? 'list' : 'user');
    const { acceptedAt, expiresAt } = outcome.first;
    return {
      status: 'accepted',
      id,
      recipients: logs.length,
      acceptedAt: isoTime(acceptedAt),
      expiresAt: isoTime(expiresAt),
      replayed: outcome.isReplay,
    };
  }
}

function headerKey(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (idempotencyKeySchema.safeParse(value).success) return value as string;
  const detail = `The header Idempotency-Key has 1 to ${limits.idempotencyKeyMax} printable ASCII characters`;
  throw invalid({ pointer: 'Idempotency-Key', code: 'bad_format', detail });
}

function invalid(fault: FieldFault): Problem {
  return new Problem('validation_failed', '1 field is not valid.', { errors: [fault] });
}

function refused({ code, detail, errors }: Problem): BatchResult {
  const { title, retryable } = errorCodes[code];
  return {
    status: 'refused',
    error: { code, title, detail, retryable, ...(errors === undefined ? {} : { errors: [...errors] }) },
  };
}
