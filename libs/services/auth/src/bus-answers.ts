/**
 * What Auth answers over the bus: verdicts on tokens, the policy, whose an API key is. Where it does not know
 * it keeps silent and the asker runs into its time-out:
 * a store that is away must never look like a wrong key.
 */
import {
  fromJsonBytes,
  type KeyCheckReply,
  type KeyCheckRequest,
  subjects,
  toJsonBytes,
  tokensPerRequestMax,
  type VerifyReply,
  type VerifyRequest,
} from '@carillon/domain';
import { Bus, type BusMessage, type Subscription } from '@carillon/domain/ports';
import type { Logger } from '@carillon/platform';
import { Inject, Injectable } from '@nestjs/common';
import { ApiKeys } from './api-keys.js';
import { AuthCounts } from './auth-counts.js';
import { authLog } from './injection.js';
import { Policy } from './policy.js';
import { UserTokens } from './user-tokens.js';

/** Of all Auth processes one answers each request. */
const group = 'auth';

@Injectable()
export class BusAnswers {
  private subscriptions: readonly Subscription[] = [];

  constructor(
    private readonly bus: Bus,
    private readonly tokens: UserTokens,
    private readonly policy: Policy,
    private readonly keys: ApiKeys,
    private readonly counts: AuthCounts,
    @Inject(authLog) private readonly log: Logger,
  ) {}

  /** Answers from now on, until stopped. */
  start(): void {
    this.subscriptions = [
      this.bus.subscribe(subjects.authVerify, (message) => this.verify(message), group),
      this.bus.subscribe(subjects.authPolicy, (message) => message.reply(this.policy.bytes), group),
      this.bus.subscribe(subjects.authKeyCheck, (message) => void this.checkKey(message), group),
    ];
  }

  stop(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  private verify(message: BusMessage): void {
    const request = this.read<VerifyRequest>(message);
    if (!request) return;
    const { tokens } = request;
    if (!Array.isArray(tokens) || tokens.length > tokensPerRequestMax) {
      this.log.warn({ bytes: message.data.length }, 'a request over the bus has no list of tokens');
      return;
    }
    const reply: VerifyReply = { verdicts: tokens.map((token) => this.tokens.verify(token)) };
    message.reply(toJsonBytes(reply));
  }

  private async checkKey(message: BusMessage): Promise<void> {
    const request = this.read<KeyCheckRequest>(message);
    if (!request) return;
    try {
      const reply = await this.keyReply(request.key);
      this.counts.keyChecked(reply.verdict);
      message.reply(toJsonBytes(reply));
    } catch (error) {
      this.counts.keyChecked('unknown');
      this.log.warn({ err: error }, 'an API key could not be looked up');
    }
  }

  private async keyReply(key: string): Promise<KeyCheckReply> {
    const holder = typeof key === 'string' ? await this.keys.check(key) : undefined;
    if (!holder) return { verdict: 'refused' };
    const { tenant, principal, id, scopes } = holder.record;
    return { verdict: 'accepted', tenant, principal, keyId: id, scopes, cacheUntil: holder.cacheUntil };
  }

  /** Undefined for what is no JSON object: the callback of a subscription must not throw. */
  private read<T extends object>({ data }: BusMessage): T | undefined {
    try {
      const value = fromJsonBytes<T | null>(data);
      if (typeof value === 'object' && value !== null) return value;
    } catch {
      // Falls through to the one answer for everything unreadable.
    }
    this.log.warn({ bytes: data.length }, 'a request over the bus is no JSON object');
    return undefined;
  }
}
