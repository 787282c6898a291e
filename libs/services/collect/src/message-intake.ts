/**
 * From a request to its answer: brings what was read into its place, and answers 202 only for what is
 * durable. Must never judge a request itself: that is what gate and reader are for.
 */
import {
  type BatchReply,
  type BatchResult,
  batchEnvelopeSchema,
  isoTime,
  type MessageReply,
  messageLinks,
} from '@carillon/api';
import { Problem } from '@carillon/platform';
import { errorCodes } from '@carillon/wire';
import { Injectable } from '@nestjs/common';
import { Acceptance } from './acceptance.js';
import { CollectMetrics } from './collect-metrics.js';
import { CollectOptions } from './collect-options.js';
import type { Credential } from './credential.js';
import type { Deadline } from './deadlines.js';
import { readAs } from './input.js';
import { IntakeGate } from './intake-gate.js';
import type { Accepted, Outcome } from './outcome.js';
import type { Posting } from './posting.js';
import { headerKey, invalid, RequestReader } from './request-reader.js';

/** A request as it came in. */
export interface Incoming {
  readonly credential: Credential;
  readonly body: unknown;
  /** The header Idempotency-Key. */
  readonly key: unknown;
  /** Of its answer. */
  readonly deadline: Deadline;
}

/** An answer, and whether it is the repetition of an earlier one. */
export interface Answered {
  readonly reply: MessageReply;
  readonly isReplay: boolean;
}

@Injectable()
export class MessageIntake {
  constructor(
    private readonly gate: IntakeGate,
    private readonly reader: RequestReader,
    private readonly acceptance: Acceptance,
    private readonly metrics: CollectMetrics,
    private readonly options: CollectOptions,
  ) {}

  /** Resolves once the message is durable. @throws Problem */
  async takeOne({ credential, body, key, deadline }: Incoming): Promise<Answered> {
    this.gate.pass();
    const posting = this.reader.one(body, headerKey(key), credential);
    const [outcome] = await this.acceptance.take([posting], deadline);
    if (outcome?.outcome !== 'accepted') throw this.gate.refusal(outcome, posting);
    if (!outcome.isReplay) this.metrics.message(posting.target);
    const { messageId: id } = posting;
    return {
      isReplay: outcome.isReplay,
      reply: { id, ...acceptedOf(posting, outcome.first), links: messageLinks(id) },
    };
  }

  /**
   * One result per item, in order; an item that is refused takes no other with it. @throws Problem when
   * nothing of the batch was taken because of what holds for all of it
   */
  async takeBatch({ credential, body, key, deadline }: Incoming): Promise<BatchReply> {
    this.gate.pass();
    const by = { key: headerKey(key), credential };
    const items = this.itemsOf(body);
    const read = items.map((item, index) => this.read(item, index, by));
    const postings = read.filter((each): each is Posting => !(each instanceof Problem));
    const outcomes = await this.acceptance.take(postings, deadline);
    if (outcomes.length === items.length && outcomes.every(({ outcome }) => outcome === 'full')) {
      throw this.gate.refusal(outcomes[0]);
    }
    let next = 0;
    const results = read.map((each, index) =>
      each instanceof Problem ? refused(each) : this.resultOf(each, outcomes[next++], index),
    );
    const refusals = results.filter(({ status }) => status === 'refused').length;
    return { summary: { accepted: results.length - refusals, refused: refusals }, results };
  }

  private itemsOf(body: unknown): readonly unknown[] {
    const { messages } = readAs(batchEnvelopeSchema, body);
    const { batchMax } = this.options;
    if (messages.length <= batchMax) return messages;
    throw invalid({ pointer: '/messages', code: 'too_many', detail: `A list of 1 to ${batchMax} messages` });
  }

  private read(item: unknown, index: number, by: Parameters<RequestReader['item']>[2]): Posting | Problem {
    try {
      return this.reader.item(item, index, by);
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
  }

  private resultOf(posting: Posting, outcome: Outcome | undefined, index: number): BatchResult {
    if (outcome?.outcome !== 'accepted') {
      return refused(this.gate.refusal(outcome, posting, `/messages/${index}`));
    }
    if (!outcome.isReplay) this.metrics.message(posting.target);
    return { id: posting.messageId, ...acceptedOf(posting, outcome.first), replayed: outcome.isReplay };
  }
}

function acceptedOf({ logs }: Posting, { acceptedAt, dueAt, expiresAt }: Accepted) {
  return {
    status: dueAt === undefined ? ('accepted' as const) : ('scheduled' as const),
    recipients: logs.length,
    acceptedAt: isoTime(acceptedAt),
    ...(dueAt === undefined ? {} : { sendAt: isoTime(dueAt) }),
    expiresAt: isoTime(expiresAt),
  };
}

function refused({ code, detail, errors }: Problem): BatchResult {
  const { title, retryable } = errorCodes[code];
  return {
    status: 'refused',
    error: { code, title, detail, retryable, ...(errors === undefined ? {} : { errors: [...errors] }) },
  };
}
